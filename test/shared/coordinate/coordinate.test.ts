import { describe, expect, it } from "vitest";
import { coordinateClient, forgetPeer, observe } from "../../../shared/coordinate/client.ts";
import {
  type Coordinate,
  distance,
  isCompatible,
  originCoordinate,
  rawDistance,
  vectorDistance,
} from "../../../shared/coordinate/coordinate.ts";
import { sortByDistance } from "../../../shared/coordinate/near.ts";

function at(x: number, over: Partial<Coordinate> = {}): Coordinate {
  return { ...originCoordinate, Vec: [x, 0, 0, 0, 0, 0, 0, 0], ...over };
}

describe("the distance of two coordinates", () => {
  it("is the Euclidean distance with both heights", () => {
    expect(vectorDistance([3, 0], [0, 4])).toBe(5);
    expect(rawDistance(at(0.5), at(0.1))).toBeCloseTo(0.40002, 10);
  });

  it("counts the adjustments only while the time stays positive", () => {
    expect(distance(at(0.5, { Adjustment: 0.1 }), at(0.1))).toBeCloseTo(0.50002, 10);
    expect(distance(at(0.5, { Adjustment: -1 }), at(0.1))).toBeCloseTo(0.40002, 10);
  });

  it("needs our dimensions and finite numbers", () => {
    expect(isCompatible(at(1))).toBe(true);
    expect(isCompatible({ ...at(1), Vec: [1, 2] })).toBe(false);
    expect(isCompatible(at(Number.NaN))).toBe(false);
    expect(isCompatible(at(1, { Height: Number.POSITIVE_INFINITY }))).toBe(false);
  });
});

describe("a node's own coordinate", () => {
  it("learns the round-trip times of a small world from measurements alone", () => {
    // Three sites on a line: 0, 20 and 50 ms.
    const where = [0, 0.02, 0.05];
    let clients = where.map((_, n) => coordinateClient(n + 1));
    for (let round = 0; round < 3_000; round++) {
      const a = round % 3;
      const b = (a + 1 + (Math.floor(round / 3) % 2)) % 3;
      const time = Math.abs((where[a] ?? 0) - (where[b] ?? 0));
      clients = clients.map((client, n) =>
        n === a
          ? (observe(client, `n${b}`, clients[b]?.coordinate ?? originCoordinate, time) ?? client)
          : client,
      );
    }
    const between = (a: number, b: number) =>
      distance(clients[a]?.coordinate ?? originCoordinate, clients[b]?.coordinate ?? originCoordinate);
    expect(between(0, 1)).toBeGreaterThan(0.015);
    expect(between(0, 1)).toBeLessThan(0.025);
    expect(between(0, 2)).toBeGreaterThan(0.043);
    expect(between(0, 2)).toBeLessThan(0.057);
    expect(clients[0]?.coordinate.Error).toBeLessThan(0.3);
  });

  it("takes the median of a peer's last three measurements, so that one outlier moves nothing", () => {
    const steady = [0.01, 0.01, 0.01].reduce(
      (c, time) => observe(c, "p", at(0.01), time) ?? c,
      coordinateClient(1),
    );
    const calm = observe(steady, "p", at(0.01), 0.01);
    const outlier = observe(steady, "p", at(0.01), 5);
    expect(outlier?.coordinate).toEqual(calm?.coordinate);
    expect(forgetPeer(steady, "p").samples.size).toBe(0);
  });

  it("believes no negative, endless or foreign measurement", () => {
    const client = coordinateClient(1);
    expect(observe(client, "p", at(1), -1)).toBe(null);
    expect(observe(client, "p", at(1), 11)).toBe(null);
    expect(observe(client, "p", at(1), Number.NaN)).toBe(null);
    expect(observe(client, "p", { ...at(1), Vec: [] }, 0.1)).toBe(null);
  });

  it("is the same for the same seed", () => {
    const run = () => observe(coordinateClient(7), "p", originCoordinate, 0.1)?.coordinate;
    expect(run()).toEqual(run());
  });
});

describe("rows near a node", () => {
  const known = new Map([
    ["a", at(0.5)],
    ["b", at(0.1)],
    ["c", at(0.4)],
  ]);
  const of = (node: string) => {
    const coordinate = known.get(node);
    return new Map(coordinate === undefined ? [] : [["", coordinate]]);
  };

  it("come in the order of their time, those without a coordinate last and as they were", () => {
    const rows = ["x", "a", "b", "y", "c"];
    expect(sortByDistance(rows, (row) => row, "a", of)).toEqual(["a", "c", "b", "x", "y"]);
    expect(sortByDistance(rows, (row) => row, "nowhere", of)).toEqual(rows);
  });

  it("are compared within one network segment only", () => {
    const other = (node: string) => (node === "b" ? new Map([["alpha", at(0)]]) : of(node));
    expect(sortByDistance(["b", "c"], (row) => row, "a", other)).toEqual(["c", "b"]);
  });
});
