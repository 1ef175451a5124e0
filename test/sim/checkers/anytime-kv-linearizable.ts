// Every key is a linearizable register for whoever writes it, checks and sets it, and reads it with the default or the
// consistent mode. Keys are checked one by one (linearizability is local), when they go out of use.
// Beside it, at once: nobody reads what nobody wrote, what was refused, or one value under two ModifyIndexes.

import { linearize, type RegisterOperation } from "./linearize.ts";

export type KvChecker = {
  /** An operation begins; exactly one of the handle's functions is called, or none if nobody ever knows. */
  begin(
    key: string,
    operation: Pick<RegisterOperation, "kind"> & Partial<RegisterOperation>,
  ): OperationHandle;
  /** A value was seen by any read, also a stale one. */
  seen(key: string, value: number, modifyIndex: number): void;
  /** A new value, unlike any other. */
  newValue(): number;
  /** The key is not used any more. */
  retire(key: string): void;
  retireAll(): void;
  /**
   * A recovery: what happened so far had an order of its own. From now on a key holds what the survivor kept; what is
   * under way may happen later, or never, or was kept.
   */
  recovered(keptValue: (key: string) => number): void;
  counts(): { readonly known: number; readonly unknown: number; readonly undecided: number };
};

export type OperationHandle = {
  /** The answer came; a read's value, 1 or 0 of a cas. */
  answered(result: number): void;
  /** It was surely not done. */
  refused(): void;
};

export function kvLinearizable(): KvChecker {
  const histories = new Map<string, RegisterOperation[]>();
  const writtenTo = new Map<number, string>();
  const refusedValues = new Set<number>();
  const modifyIndexOf = new Map<number, number>();
  let moment = 0;
  let values = 0;
  let known = 0;
  let unknown = 0;
  let undecided = 0;

  /** In some order all of it makes sense; a read that nobody answered says nothing. */
  function check(key: string, all: readonly RegisterOperation[]): readonly RegisterOperation[] {
    const history = all.filter((it) => it.answered !== Number.POSITIVE_INFINITY || it.kind !== "read");
    const verdict = linearize(history);
    if (verdict === "undecided") undecided += 1;
    if (verdict === "not linearizable") {
      throw new Error(`key ${key} is not linearizable:\n${history.map(describe).join("\n")}`);
    }
    return history;
  }

  function retire(key: string): void {
    const all = histories.get(key) ?? [];
    histories.delete(key);
    const history = check(key, all);
    for (const operation of history) {
      if (operation.answered === Number.POSITIVE_INFINITY) unknown += 1;
      else known += 1;
      writtenTo.delete(operation.value);
      refusedValues.delete(operation.value);
      modifyIndexOf.delete(operation.value);
    }
  }

  return {
    newValue() {
      values += 1;
      return values;
    },
    begin(key, given) {
      moment += 1;
      const operation: RegisterOperation = {
        value: 0,
        expected: 0,
        result: 0,
        ...given,
        call: moment,
        answered: Number.POSITIVE_INFINITY,
      };
      let history = histories.get(key);
      if (history === undefined) {
        history = [];
        histories.set(key, history);
      }
      const place = history;
      place.push(operation);
      if (operation.value !== 0) writtenTo.set(operation.value, key);
      return {
        answered(result) {
          moment += 1;
          operation.answered = moment;
          operation.result = result;
        },
        refused() {
          const at = place.indexOf(operation);
          if (at !== -1) place.splice(at, 1);
          if (operation.value !== 0) refusedValues.add(operation.value);
        },
      };
    },
    seen(key, value, modifyIndex) {
      if (value === 0) return;
      if (!histories.has(key)) return;
      if (writtenTo.get(value) !== key) throw new Error(`${key} holds ${value}, which nobody wrote there`);
      if (refusedValues.has(value)) throw new Error(`${key} holds ${value}, but that write was refused`);
      const index = modifyIndexOf.get(value);
      if (index === undefined) modifyIndexOf.set(value, modifyIndex);
      else if (index !== modifyIndex) {
        throw new Error(`${key} holds ${value} of index ${modifyIndex}, which had index ${index}`);
      }
    },
    retire,
    recovered(keptValue) {
      for (const [key, history] of histories) {
        check(key, history);
        moment += 1;
        const underWay = history.filter(
          ({ answered, kind }) => answered === Number.POSITIVE_INFINITY && kind !== "read",
        );
        const begun = {
          kind: "write",
          value: keptValue(key),
          expected: 0,
          result: 1,
          call: 0,
          answered: 1,
        } as const;
        // Copies: whatever is answered to those who asked before says nothing of what comes now.
        histories.set(key, [{ ...begun }, ...underWay.map((operation) => ({ ...operation, call: moment }))]);
      }
    },
    retireAll() {
      for (const key of [...histories.keys()]) retire(key);
    },
    counts: () => ({ known, unknown, undecided }),
  };
}

function describe(operation: RegisterOperation): string {
  const { kind, value, expected, result, call, answered } = operation;
  const what = kind === "read" ? "" : kind === "write" ? ` ${value}` : ` ${expected}→${value}`;
  const outcome = answered === Number.POSITIVE_INFINITY ? "?" : kind === "write" ? "ok" : String(result);
  return `  [${call}, ${answered}] ${kind}${what} = ${outcome}`;
}
