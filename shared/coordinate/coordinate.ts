// A network coordinate (Vivaldi: Dabek et al., SIGCOMM 2004; height and adjustment as Serf adds them) and the round-trip
// time that two of them predict. Seconds, as in Consul's API.

import type { Coordinate } from "../structs/coordinate.ts";

export type { Coordinate };

/** Consul's constants (surface G6). */
export const vivaldi = {
  dimensions: 8,
  errorMax: 1.5,
  heightMin: 1e-5,
  /** Vivaldi's c_e and c_c: how fast the confidence and the position follow a measurement. */
  errorTuning: 0.25,
  positionTuning: 0.25,
  adjustmentWindow: 20,
  gravityRho: 150,
  latencySamples: 3,
  /** A measurement above this is refused, in seconds. */
  roundTripMax: 10,
} as const;

/** A node that has measured nothing yet. */
export const originCoordinate: Coordinate = {
  Vec: Array.from({ length: vivaldi.dimensions }, () => 0),
  Error: vivaldi.errorMax,
  Adjustment: 0,
  Height: vivaldi.heightMin,
};

/** Whether a coordinate has our dimensions and finite numbers only. */
export function isCompatible(coordinate: Coordinate): boolean {
  return (
    coordinate.Vec.length === vivaldi.dimensions &&
    coordinate.Vec.every(Number.isFinite) &&
    Number.isFinite(coordinate.Error) &&
    Number.isFinite(coordinate.Adjustment) &&
    Number.isFinite(coordinate.Height)
  );
}

/** Length of the difference of two positions, without heights. */
export function vectorDistance(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (const [at, value] of a.entries()) sum += (value - (b[at] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

/** Distance by position and height alone: what an update compares a measurement with. */
export function rawDistance(a: Coordinate, b: Coordinate): number {
  return vectorDistance(a.Vec, b.Vec) + a.Height + b.Height;
}

/** The predicted round-trip time in seconds. The adjustments count only while the result stays positive. */
export function distance(a: Coordinate, b: Coordinate): number {
  const raw = rawDistance(a, b);
  const adjusted = raw + a.Adjustment + b.Adjustment;
  return adjusted > 0 ? adjusted : raw;
}
