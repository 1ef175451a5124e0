// Runs a program over a text, all alternatives side by side (Pike's machine), in order of preference: the match found
// is the one that a backtracking matcher would find first, without its exponential time.

import type { Instruction } from "./program.ts";
import { type Assertion, setHas } from "./syntax.ts";

/** Start and end (in UTF-16 units) of the match and of each group; -1 for a group that took no part. */
type Slots = readonly number[];

type Threads = {
  readonly at: number[];
  readonly slots: Slots[];
  readonly seen: Int32Array;
  generation: number;
};

/** The first match in `text`, or null. With `slotCount` 0 nothing is recorded: only whether there is a match. */
export function runProgram(program: readonly Instruction[], text: string, slotCount: number): Slots | null {
  let current = threadsFor(program);
  let next = threadsFor(program);
  let found: Slots | null = null;
  const fresh: Slots = new Array<number>(slotCount).fill(-1);
  let position = 0;
  for (;;) {
    if (found === null) follow(program, current, 0, withSlot(fresh, 0, position), text, position);
    else if (current.at.length === 0) break;
    const code = text.codePointAt(position);
    const after = position + (code !== undefined && code > 0xffff ? 2 : 1);
    clear(next);
    for (let thread = 0; thread < current.at.length; thread++) {
      const at = current.at[thread] ?? 0;
      const instruction = program[at];
      const slots = current.slots[thread] ?? fresh;
      if (instruction?.op === "match") {
        found = withSlot(slots, 1, position);
        if (slotCount === 0) return found;
        break; // what comes after is preferred less
      }
      if (code !== undefined && takes(instruction, code)) follow(program, next, at + 1, slots, text, after);
    }
    if (code === undefined) break;
    [current, next] = [next, current];
    position = after;
  }
  return found;
}

function threadsFor(program: readonly Instruction[]): Threads {
  return { at: [], slots: [], seen: new Int32Array(program.length).fill(-1), generation: 0 };
}

function clear(threads: Threads): void {
  threads.at.length = 0;
  threads.slots.length = 0;
  threads.generation++;
}

function takes(instruction: Instruction | undefined, code: number): boolean {
  if (instruction?.op === "code") return instruction.code === code;
  return instruction?.op === "set" && setHas(instruction.set, code);
}

/** Adds the thread at `start` and all that it reaches without input, the preferred first. */
function follow(
  program: readonly Instruction[],
  threads: Threads,
  start: number,
  startSlots: Slots,
  text: string,
  position: number,
): void {
  const stack: [number, Slots][] = [[start, startSlots]];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [at, slots] = top;
    if (threads.seen[at] === threads.generation) continue;
    threads.seen[at] = threads.generation;
    const instruction = program[at];
    if (instruction === undefined) continue;
    if (instruction.op === "jump") stack.push([instruction.to, slots]);
    else if (instruction.op === "split") stack.push([instruction.second, slots], [instruction.first, slots]);
    else if (instruction.op === "save") stack.push([at + 1, withSlot(slots, instruction.slot, position)]);
    else if (instruction.op === "assert") {
      if (holds(instruction.what, text, position)) stack.push([at + 1, slots]);
    } else {
      threads.at.push(at);
      threads.slots.push(slots);
    }
  }
}

function withSlot(slots: Slots, slot: number, position: number): Slots {
  return slots.length === 0 ? slots : slots.with(slot, position);
}

function holds(what: Assertion, text: string, position: number): boolean {
  switch (what) {
    case "textStart":
      return position === 0;
    case "textEnd":
      return position === text.length;
    case "lineStart":
      return position === 0 || text[position - 1] === "\n";
    case "lineEnd":
      return position === text.length || text[position] === "\n";
    case "wordBoundary":
      return isWord(text[position - 1]) !== isWord(text[position]);
    case "noWordBoundary":
      return isWord(text[position - 1]) === isWord(text[position]);
  }
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /^\w$/.test(character);
}
