// Is there an order of these operations on one register that explains every answer, and in which nothing comes before
// what was over when it began? Wing & Gong (1993) with Lowe's memory of what was tried (2017).
//
// Operations without an answer (crashed or timed-out clients) may have happened at any time after they began, or never.

/** A register holds a number; 0 is "no such key". */
export type RegisterOperation = {
  readonly call: number;
  /** Infinity: nobody knows. */
  answered: number;
  readonly kind: "write" | "read" | "cas" | "deleteCas";
  /** Of a write or a cas. */
  readonly value: number;
  /** Of a cas. */
  readonly expected: number;
  /** Of a read: the value; of a cas: 1 or 0. */
  result: number;
};

export type Verdict = "linearizable" | "not linearizable" | "undecided";

/** More configurations than this are not looked at. */
const configurationsMax = 200_000;

/** The state after `operation`, or null when its answer is impossible in `state`. */
function after(operation: RegisterOperation, state: number): number | null {
  const isKnown = operation.answered !== Number.POSITIVE_INFINITY;
  switch (operation.kind) {
    case "write":
      return operation.value;
    case "read":
      return operation.result === state ? state : null;
    case "cas": {
      const matches = state === operation.expected;
      if (isKnown && matches !== (operation.result === 1)) return null;
      return matches ? operation.value : isKnown ? state : null;
    }
    case "deleteCas": {
      // Consul: deleting what is not there succeeds.
      const matches = state === operation.expected || state === 0;
      if (isKnown && matches !== (operation.result === 1)) return null;
      return matches ? 0 : isKnown ? state : null;
    }
  }
}

type Frame = { readonly candidates: readonly number[]; next: number; readonly state: number; chosen: number };

/** Operations in any order; `initial` is the register's value before them. */
export function linearize(given: readonly RegisterOperation[], initial = 0): Verdict {
  const operations = [...given].sort((a, b) => a.call - b.call);
  const words = (operations.length + 15) >> 4;
  const done = new Uint16Array(words);
  const isDone = (at: number) => ((done[at >> 4]! >> (at & 15)) & 1) === 1;
  const flip = (at: number) => {
    done[at >> 4] = done[at >> 4]! ^ (1 << (at & 15));
  };
  const tried = new Set<string>();
  let left = operations.filter((operation) => operation.answered !== Number.POSITIVE_INFINITY).length;
  /** Everything below this is done. */
  let lowest = 0;

  /** Who may come next: all that began before the first answer that is still to come; the unknown ones last. */
  const candidatesNow = (): readonly number[] => {
    while (lowest < operations.length && isDone(lowest)) lowest += 1;
    let firstAnswer = Number.POSITIVE_INFINITY;
    const known: number[] = [];
    const unknown: number[] = [];
    for (let at = lowest; at < operations.length; at += 1) {
      const operation = operations[at]!;
      if (operation.call > firstAnswer) break;
      if (isDone(at)) continue;
      firstAnswer = Math.min(firstAnswer, operation.answered);
      (operation.answered === Number.POSITIVE_INFINITY ? unknown : known).push(at);
    }
    return unknown.length === 0 ? known : [...known, ...unknown];
  };

  const stack: Frame[] = [];
  let state = initial;
  let frame: Frame = { candidates: candidatesNow(), next: 0, state, chosen: -1 };
  while (left > 0) {
    const at = frame.candidates[frame.next];
    if (at === undefined) {
      const above = stack.pop();
      if (above === undefined) return "not linearizable";
      flip(above.chosen);
      if (operations[above.chosen]!.answered !== Number.POSITIVE_INFINITY) left += 1;
      lowest = Math.min(lowest, above.chosen);
      frame = above;
      state = above.state;
      continue;
    }
    frame.next += 1;
    const next = after(operations[at]!, state);
    if (next === null) continue;
    flip(at);
    const configuration = `${String.fromCharCode(...done)}${next}`;
    if (tried.has(configuration)) {
      flip(at);
      continue;
    }
    if (tried.size >= configurationsMax) return "undecided";
    tried.add(configuration);
    frame.chosen = at;
    stack.push(frame);
    if (operations[at]!.answered !== Number.POSITIVE_INFINITY) left -= 1;
    state = next;
    frame = { candidates: candidatesNow(), next: 0, state, chosen: -1 };
  }
  return "linearizable";
}
