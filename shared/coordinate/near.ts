// ?near: sorts rows by the predicted round-trip time from one node; nodes without a coordinate come last.

import { type Coordinate, distance } from "./coordinate.ts";

/** The coordinates of a node by network segment ("" is the default one). */
export type CoordinatesOfNode = (node: string) => ReadonlyMap<string, Coordinate>;

/** Rows in ascending time from `source`; equal ones keep their order. Without a coordinate of the source nothing moves. */
export function sortByDistance<T>(
  rows: readonly T[],
  nodeOf: (row: T) => string,
  source: string,
  coordinatesOf: CoordinatesOfNode,
): readonly T[] {
  const from = coordinatesOf(source);
  if (from.size === 0) return rows;
  const times = new Map<string, number>();
  const timeTo = (node: string): number => {
    const known = times.get(node);
    if (known !== undefined) return known;
    const time = closest(from, coordinatesOf(node));
    times.set(node, time);
    return time;
  };
  // A subtraction of infinities is no number, which would make the order arbitrary.
  return [...rows].sort((a, b) => {
    const timeA = timeTo(nodeOf(a));
    const timeB = timeTo(nodeOf(b));
    return timeA === timeB ? 0 : timeA - timeB;
  });
}

/** Two coordinates are comparable in one segment only; servers have one in each. Infinity when there is none. */
function closest(a: ReadonlyMap<string, Coordinate>, b: ReadonlyMap<string, Coordinate>): number {
  let best = Number.POSITIVE_INFINITY;
  for (const [segment, coordinate] of a) {
    const other = b.get(segment);
    if (other !== undefined) best = Math.min(best, distance(coordinate, other));
  }
  return best;
}
