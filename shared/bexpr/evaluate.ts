// Binds a filter to the fields of an endpoint's rows, with Consul's errors for what does not fit, and runs it.
// A row is the JSON value that the API shows: a field that is left out there has Go's zero value.

import { compileGoRegexp } from "../base/regexp.ts";
import { parseGoBoolean } from "../base/go-number.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { FilterExpression, MatchOperator } from "./expression.ts";
import { type Field, type Fields, operatorsOf } from "./fields.ts";
import { parseFilter } from "./parse.ts";
import { parseGoInteger } from "./integer.ts";
import { quoteGoString } from "./unquote.ts";

export type Filter = (row: unknown) => boolean;

/** In front of what is wrong with a filter. */
export const filterErrorPrefix = "Failed to create boolean expression evaluator: ";

/** The filter of a text; every row passes an empty one. The error is Consul's text, answered with status 500. */
export function createFilter(text: string, fields: Fields): Result<Filter, string> {
  if (text === "") return ok(() => true);
  const parsed = parseFilter(text);
  const bound = parsed.ok ? bind(parsed.value, fields) : parsed;
  return bound.ok ? bound : fail(filterErrorPrefix + bound.error);
}

function bind(expression: FilterExpression, fields: Fields): Result<Filter, string> {
  if (expression.kind === "match") return bindMatch(expression, fields);
  if (expression.kind === "not") {
    const part = bind(expression.part, fields);
    return part.ok ? ok((row) => !part.value(row)) : part;
  }
  const left = bind(expression.left, fields);
  if (!left.ok) return left;
  const right = bind(expression.right, fields);
  if (!right.ok) return right;
  const [first, second] = [left.value, right.value];
  return ok(
    expression.kind === "and" ? (row) => first(row) && second(row) : (row) => first(row) || second(row),
  );
}

type Match = FilterExpression & { kind: "match" };

function bindMatch(match: Match, fields: Fields): Result<Filter, string> {
  const found = fieldOf(match.selector, fields);
  if (!found.ok) return found;
  const selector = match.selector.join(".");
  const { operator } = match;
  if (!operatorsOf[found.value.kind].includes(operator)) {
    return fail(`Invalid match operator "${operator}" for selector "${selector}"`);
  }
  const test = testOf(found.value, match, selector);
  if (!test.ok) return test;
  return ok((row) => anyValue(row, { kind: "struct", fields }, match.selector, 0, test.value, operator));
}

/** The field that a selector leads to; the error names the selector up to the part that leads nowhere. */
function fieldOf(selector: readonly string[], fields: Fields): Result<Field, string> {
  let field: Field = { kind: "struct", fields };
  for (const [at, part] of selector.entries()) {
    const next = below(field, part);
    if (next === undefined) return fail(`Selector "${selector.slice(0, at + 1).join(".")}" is not valid`);
    field = next;
  }
  return ok(field);
}

function below(field: Field, part: string): Field | undefined {
  if (field.kind === "map") return field.values;
  if (field.kind !== "struct" && field.kind !== "list") return undefined;
  return Object.hasOwn(field.fields, part) ? field.fields[part] : undefined;
}

/** Whether the test holds of the value that the selector leads to: of any of them where it goes through a list. */
function anyValue(
  value: unknown,
  field: Field,
  selector: readonly string[],
  at: number,
  test: Filter,
  operator: MatchOperator,
): boolean {
  const part = selector[at];
  if (part === undefined) return test(value);
  const next = below(field, part);
  if (next === undefined) return false;
  if (field.kind === "list") {
    return (
      Array.isArray(value) &&
      value.some((one) => anyValue(member(one, part), next, selector, at + 1, test, operator))
    );
  }
  if (field.kind === "map" && !hasKey(value, part)) return absentKey[operator];
  return anyValue(member(value, part), next, selector, at + 1, test, operator);
}

/** What 1.8.7 answers for a key that a map does not have. That it matches every regular expression is its own quirk. */
const absentKey: { readonly [O in MatchOperator]: boolean } = {
  Equal: false,
  "Not Equal": true,
  In: false,
  "Not In": true,
  "Is Empty": true,
  "Is Not Empty": false,
  Matches: true,
  "Not Matches": true,
};

function hasKey(value: unknown, key: string): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key);
}

function member(value: unknown, key: string): unknown {
  return hasKey(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

/** The test of one value, its right side read as the field's kind. */
function testOf(field: Field, match: Match, selector: string): Result<Filter, string> {
  const { operator } = match;
  const positive = positiveTest(field, match, selector);
  if (!positive.ok) return positive;
  const test = positive.value;
  return ok(/Not/.test(operator) ? (value) => !test(value) : test);
}

function positiveTest(field: Field, { operator, value }: Match, selector: string): Result<Filter, string> {
  if (operator === "Is Empty" || operator === "Is Not Empty") return ok(isEmpty);
  if (operator === "In" || operator === "Not In") return ok(contains(field, value));
  if (operator === "Matches" || operator === "Not Matches") {
    const regexp = compileGoRegexp(value);
    if (!regexp.ok)
      return fail(`Failed to compile regular expression ${quoteGoString(value)}: ${regexp.error}`);
    const { test } = regexp.value;
    return ok((found) => test(typeof found === "string" ? found : ""));
  }
  const wanted = coerce(field, value);
  if (!wanted.ok)
    return fail(`Failed to coerce value "${value}" for selector "${selector}": ${wanted.error}`);
  const zero = field.kind === "integer" ? 0 : field.kind === "boolean" ? false : "";
  return ok((found) => (found ?? zero) === wanted.value);
}

function coerce(field: Field, value: string): Result<string | number | boolean, string> {
  if (field.kind === "integer") return parseGoInteger(value);
  if (field.kind !== "boolean") return ok(value);
  const flag = parseGoBoolean(value);
  return flag === null
    ? fail(`strconv.ParseBool: parsing ${quoteGoString(value)}: invalid syntax`)
    : ok(flag);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value !== "object" || value === null || Object.keys(value).length === 0;
}

/** Of a text a part, of a list an element, of a map a key. */
function contains(field: Field, wanted: string): Filter {
  if (field.kind === "map") return (value) => hasKey(value, wanted);
  if (field.kind === "texts") return (value) => Array.isArray(value) && value.includes(wanted);
  return (value) => (typeof value === "string" ? value : "").includes(wanted);
}
