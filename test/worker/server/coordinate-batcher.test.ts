import { describe, expect, it } from "vitest";
import { fail, ok } from "../../../shared/base/result.ts";
import { originCoordinate } from "../../../shared/coordinate/coordinate.ts";
import { serverError } from "../../../shared/errors.ts";
import type { NodeCoordinate } from "../../../shared/structs/coordinate.ts";
import { createCoordinateBatcher } from "../../../worker/server/coordinate-batcher.ts";

function world(works = true) {
  const due: (() => void)[] = [];
  const written: (readonly NodeCoordinate[])[] = [];
  const batcher = createCoordinateBatcher({
    deadlines: {
      after(_, body) {
        due.push(body);
        return () => {};
      },
    },
    log: () => {},
    async write(updates) {
      written.push(updates);
      return works ? ok(true) : fail(serverError("noLeader"));
    },
  });
  const add = (node: string, error = 1) =>
    batcher.add({ Node: node, Segment: "", Coord: { ...originCoordinate, Error: error } });
  const tick = async () => {
    for (const body of due.splice(0)) body();
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return { add, tick, written, due };
}

describe("coordinates that come in together", () => {
  it("are one write a period, the newest of a node winning", async () => {
    const { add, tick, written, due } = world();
    add("a", 1);
    add("b");
    add("a", 0.5);
    expect(due.length).toBe(1);
    await tick();
    expect(written.map((batch) => batch.map(({ Node, Coord }) => [Node, Coord.Error]))).toEqual([
      [
        ["a", 0.5],
        ["b", 1],
      ],
    ]);
    add("a", 1);
    expect(due.length).toBe(1);
  });

  it("are written in batches, and dropped above what a period takes", async () => {
    const { add, tick, written } = world();
    for (let n = 0; n < 2_000; n++) add(`n${n}`);
    await tick();
    expect(written.map((batch) => batch.length)).toEqual([128, 128, 128, 128, 128]);
  });

  it("are given up for this period when a write fails", async () => {
    const { add, tick, written } = world(false);
    for (let n = 0; n < 300; n++) add(`n${n}`);
    await tick();
    expect(written.length).toBe(1);
  });
});
