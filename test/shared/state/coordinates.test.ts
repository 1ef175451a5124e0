import { describe, expect, it } from "vitest";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import { nearest, nearestRows } from "../../../shared/state/coordinates.ts";
import { watchMatches } from "../../../shared/state/watch-keys.ts";
import { stateReads } from "../../../shared/state/reads.ts";
import { options, read, service, testState } from "../../support/state-builders.ts";

function coordinate(x: number) {
  return { Vec: [x, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 1e-5 };
}

function update(state: ReturnType<typeof testState>, index: number, node: string, x: number, segment = "") {
  const updates = [{ Node: node, Segment: segment, Coord: coordinate(x) }];
  return applyCommand(state.sql, index, encodeCommand({ kind: "coordinates", updates }));
}

describe("coordinates", () => {
  it("are written for nodes of the catalog only, once each, and go with their node", () => {
    const state = testState();
    state.register("N1");
    expect(update(state, 20, "n1", 0.5).changed).toEqual(["coordinates:", "coordinate:n1"]);
    expect(update(state, 21, "n1", 0.5).changed).toEqual([]);
    expect(update(state, 22, "unknown", 0.5).changed).toEqual([]);
    update(state, 23, "n1", 0.9, "alpha");
    const list = read(state.sql, "Coordinate.ListNodes", {});
    expect(list).toMatchObject({ index: 23, value: [{ Node: "N1", Segment: "" }, { Segment: "alpha" }] });
    expect(read(state.sql, "Coordinate.Node", { node: "n1" }).value[0]?.Coord).toEqual(coordinate(0.5));
    const gone = applyCommand(
      state.sql,
      30,
      encodeCommand({
        kind: "deregister",
        deregistration: { Datacenter: "dc1", Node: "n1", ServiceID: "", CheckID: "" },
      }),
    );
    expect(gone.changed.some((key) => watchMatches("coordinates:", key))).toBe(true);
    expect(read(state.sql, "Coordinate.ListNodes", {})).toMatchObject({ index: 30, value: [] });
  });

  it("order the catalog and health by distance", () => {
    const state = testState();
    for (const node of ["a", "b", "c", "d"]) state.register(node, { Service: service("web") });
    update(state, 21, "a", 0.5);
    update(state, 22, "b", 0.1);
    update(state, 23, "c", 0.4);
    const near = { ...options, near: "A" };
    const names = (rows: readonly { Node: string | { Node: string } }[]) =>
      rows.map(({ Node }) => (typeof Node === "string" ? Node : Node.Node)).join("");
    const asked = { service: "web", tags: [], nodeMeta: {}, passingOnly: false, options: near };
    expect(names(stateReads["Catalog.ListNodes"](state.sql, { nodeMeta: {}, options: near }).value)).toBe(
      "acbd",
    );
    expect(names(stateReads["Catalog.ServiceNodes"](state.sql, asked).value)).toBe("acbd");
    expect(names(stateReads["Health.ServiceNodes"](state.sql, asked).value)).toBe("acbd");
    const plain = { index: 1, keys: [], value: ["d", "b"] };
    expect(nearest(state.sql, options, plain, (row) => row)).toBe(plain);
    expect(nearestRows(state.sql, "c", ["d", "b", "a"], (row) => row)).toEqual(["a", "b", "d"]);
  });
});
