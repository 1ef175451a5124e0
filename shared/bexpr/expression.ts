// A parsed filter (?filter=, go-bexpr's language; consul-surface B4). Made by parse.ts, checked and run by evaluate.ts.

export type MatchOperator =
  | "Equal"
  | "Not Equal"
  | "In"
  | "Not In"
  | "Is Empty"
  | "Is Not Empty"
  | "Matches"
  | "Not Matches";

export type FilterExpression =
  | { readonly kind: "and" | "or"; readonly left: FilterExpression; readonly right: FilterExpression }
  | { readonly kind: "not"; readonly part: FilterExpression }
  | {
      readonly kind: "match";
      /** `Service.Meta["a-b"]` is ["Service", "Meta", "a-b"]. */
      readonly selector: readonly string[];
      readonly operator: MatchOperator;
      /** "" for the operators that take none. */
      readonly value: string;
    };
