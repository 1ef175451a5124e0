// One node's own coordinate and how a measured round-trip time moves it: Vivaldi with a latency filter per peer, the
// adjustment term of "Network Coordinates in the Wild" (Ledlie et al.) and a pull towards the origin against drift.
// A function of (state, measurement): the random direction for two nodes on one spot comes from the state, too.

import { nextRandom } from "../base/prng.ts";
import {
  type Coordinate,
  isCompatible,
  originCoordinate,
  rawDistance,
  vectorDistance,
  vivaldi,
} from "./coordinate.ts";

export type CoordinateClient = {
  readonly coordinate: Coordinate;
  /** The last measurements of each peer, newest last; their median is what counts. */
  readonly samples: ReadonlyMap<string, readonly number[]>;
  /** Differences between measured and predicted time, a ring. */
  readonly adjustments: readonly number[];
  readonly adjustmentAt: number;
  readonly random: number;
};

/** A client that has measured nothing. */
export function coordinateClient(seed: number): CoordinateClient {
  return {
    coordinate: originCoordinate,
    samples: new Map(),
    adjustments: Array.from({ length: vivaldi.adjustmentWindow }, () => 0),
    adjustmentAt: 0,
    random: seed,
  };
}

/** A peer left: its measurements are forgotten. */
export function forgetPeer(client: CoordinateClient, peer: string): CoordinateClient {
  const samples = new Map(client.samples);
  samples.delete(peer);
  return { ...client, samples };
}

/** Null when a measurement cannot be believed: foreign dimensions, no number, or a time outside of 0 to 10 s. */
export function observe(
  client: CoordinateClient,
  peer: string,
  other: Coordinate,
  roundTripSeconds: number,
): CoordinateClient | null {
  if (!isCompatible(other)) return null;
  if (!(roundTripSeconds >= 0 && roundTripSeconds <= vivaldi.roundTripMax)) return null;
  const known = [...(client.samples.get(peer) ?? []), roundTripSeconds].slice(-vivaldi.latencySamples);
  const roundTrip = median(known);
  const moved = moveBy(client.coordinate, other, roundTrip, client.random);
  const adjusted = adjust(client, moved.coordinate, other, roundTrip);
  const pulled = pullToOrigin(adjusted.coordinate, moved.random);
  const next = {
    coordinate: pulled.coordinate,
    samples: new Map(client.samples).set(peer, known),
    adjustments: adjusted.adjustments,
    adjustmentAt: (client.adjustmentAt + 1) % vivaldi.adjustmentWindow,
    random: pulled.random,
  };
  // A coordinate that overflowed would never come back: start over.
  return isCompatible(next.coordinate) ? next : { ...coordinateClient(next.random), samples: next.samples };
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

type Moved = { readonly coordinate: Coordinate; readonly random: number };

/** Section 3.3 of the paper: the weight is the share of our own uncertainty in both. */
function moveBy(own: Coordinate, other: Coordinate, measured: number, random: number): Moved {
  const roundTrip = Math.max(measured, 1e-6);
  const predicted = rawDistance(own, other);
  const wrongness = Math.abs(predicted - roundTrip) / roundTrip;
  const totalError = Math.max(own.Error + other.Error, 1e-6);
  const weight = own.Error / totalError;
  const blended = vivaldi.errorTuning * weight;
  const error = Math.min(wrongness * blended + own.Error * (1 - blended), vivaldi.errorMax);
  const force = vivaldi.positionTuning * weight * (roundTrip - predicted);
  const moved = applyForce(own, other, force, random);
  return { coordinate: { ...moved.coordinate, Error: error }, random: moved.random };
}

function applyForce(own: Coordinate, other: Coordinate, force: number, random: number): Moved {
  const direction = unitVector(own.Vec, other.Vec, random);
  const Vec = own.Vec.map((value, at) => value + (direction.unit[at] ?? 0) * force);
  const far = direction.length > 1e-6;
  const height = far ? ((own.Height + other.Height) * force) / direction.length + own.Height : own.Height;
  return {
    coordinate: { ...own, Vec, Height: Math.max(height, vivaldi.heightMin) },
    random: direction.random,
  };
}

/** From `b` to `a`; any direction when both stand on one spot. */
function unitVector(a: readonly number[], b: readonly number[], random: number) {
  const length = vectorDistance(a, b);
  if (length > 1e-6) {
    return { unit: a.map((value, at) => (value - (b[at] ?? 0)) / length), length, random };
  }
  const drawn: number[] = [];
  let state = random;
  for (let at = 0; at < a.length; at++) {
    const draw = nextRandom(state);
    state = draw.state;
    drawn.push(draw.value - 0.5);
  }
  const drawnLength = vectorDistance(
    drawn,
    drawn.map(() => 0),
  );
  const unit = drawnLength > 1e-6 ? drawn.map((value) => value / drawnLength) : a.map((_, at) => +(at === 0));
  return { unit, length: 0, random: state };
}

function adjust(client: CoordinateClient, own: Coordinate, other: Coordinate, roundTrip: number) {
  const adjustments = [...client.adjustments];
  adjustments[client.adjustmentAt] = roundTrip - rawDistance(own, other);
  const sum = adjustments.reduce((total, value) => total + value, 0);
  return { coordinate: { ...own, Adjustment: sum / (2 * adjustments.length) }, adjustments };
}

/** Gravity: a whole cloud of coordinates may drift together; a gentle pull keeps it near the origin. */
function pullToOrigin(own: Coordinate, random: number): Moved {
  const fromOrigin = rawDistance(own, originCoordinate);
  const force = -1 * (fromOrigin / vivaldi.gravityRho) ** 2;
  return applyForce(own, originCoordinate, force, random);
}
