// The checker itself: what it must accept, and what it must not.

import { describe, expect, it } from "vitest";
import { linearize, type RegisterOperation } from "./checkers/linearize.ts";

const never = Number.POSITIVE_INFINITY;

function operation(
  kind: RegisterOperation["kind"],
  [call, answered]: readonly [number, number],
  fields: Partial<RegisterOperation> = {},
): RegisterOperation {
  return { kind, call, answered, value: 0, expected: 0, result: 0, ...fields };
}
const write = (value: number, at: readonly [number, number]) => operation("write", at, { value });
const read = (result: number, at: readonly [number, number]) => operation("read", at, { result });
const cas = (expected: number, value: number, result: number, at: readonly [number, number]) =>
  operation("cas", at, { expected, value, result });

describe("a register's history", () => {
  it("is linearizable when reads see the last write", () => {
    expect(linearize([write(1, [1, 2]), read(1, [3, 4]), write(2, [5, 6]), read(2, [7, 8])])).toBe(
      "linearizable",
    );
  });

  it("is not when a read sees what was overwritten before it began", () => {
    expect(linearize([write(1, [1, 2]), write(2, [3, 4]), read(1, [5, 6])])).toBe("not linearizable");
  });

  it("may order what overlaps as it likes, but only in one way", () => {
    const both = [write(1, [1, 10]), write(2, [2, 9])];
    expect(linearize([...both, read(1, [11, 12])])).toBe("linearizable");
    expect(linearize([...both, read(2, [11, 12])])).toBe("linearizable");
    expect(linearize([...both, read(1, [11, 12]), read(2, [13, 14])])).toBe("not linearizable");
  });

  it("does not let a value come back for a reader who saw a newer one", () => {
    const history = [write(1, [1, 2]), write(2, [3, 20]), read(2, [4, 5]), read(1, [6, 7])];
    expect(linearize(history)).toBe("not linearizable");
  });

  it("lets a write without an answer happen late, once, or never", () => {
    const lost = write(7, [1, never]);
    expect(linearize([lost, read(0, [2, 3]), read(7, [4, 5])])).toBe("linearizable");
    expect(linearize([lost, read(0, [2, 3]), write(1, [4, 5]), read(1, [6, 7])])).toBe("linearizable");
    expect(linearize([lost, read(7, [2, 3]), write(1, [4, 5]), read(7, [6, 7])])).toBe("not linearizable");
  });

  it("lets one check-and-set of two succeed", () => {
    expect(linearize([cas(0, 1, 1, [1, 5]), cas(0, 2, 0, [2, 6]), read(1, [7, 8])])).toBe("linearizable");
    expect(linearize([cas(0, 1, 1, [1, 5]), cas(0, 2, 1, [2, 6])])).toBe("not linearizable");
  });

  it("explains a check-and-set that failed by a write that nobody answered for", () => {
    expect(linearize([cas(0, 1, 0, [2, 3])])).toBe("not linearizable");
    expect(linearize([write(9, [1, never]), cas(0, 1, 0, [2, 3]), read(9, [4, 5])])).toBe("linearizable");
  });

  it("is decided quickly with many operations and many that nobody answered for", () => {
    const history: RegisterOperation[] = [];
    for (let at = 1; at <= 300; at += 1) {
      history.push(write(at, [at * 10, at % 10 === 0 ? never : at * 10 + 15]));
      if (at % 10 !== 0) history.push(read(at, [at * 10 + 5, at * 10 + 16]));
    }
    expect(linearize(history)).toBe("linearizable");
  });
});
