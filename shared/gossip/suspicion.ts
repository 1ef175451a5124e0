// One suspicion (Lifeguard section IV.B): it starts long and shrinks with every independent accuser.

import type { Millis } from "../base/brand.ts";
import { confirmationsWanted, suspicionMin, suspicionTimeout } from "./scaling.ts";
import type { NodeName } from "./types.ts";

export type Suspicion = {
  readonly incarnation: number;
  readonly startedAt: Millis;
  readonly endsAt: Millis;
  readonly min: Millis;
  readonly max: Millis;
  readonly wanted: number;
  /** Who has been counted, the first accuser included. At most `wanted` + 1. */
  readonly accusers: readonly NodeName[];
};

export type SuspicionSettings = {
  readonly suspicionMult: number;
  readonly suspicionMaxTimeoutMult: number;
  readonly probeIntervalMillis: Millis;
};

/** A suspicion that begins now in a pool of this size. */
export function beginSuspicion(
  settings: SuspicionSettings,
  members: number,
  accuser: NodeName,
  incarnation: number,
  now: Millis,
): Suspicion {
  const wanted = confirmationsWanted(settings.suspicionMult, members);
  const min = suspicionMin(settings.suspicionMult, members, settings.probeIntervalMillis);
  const max = min * settings.suspicionMaxTimeoutMult;
  const endsAt = now + (wanted < 1 ? min : max);
  return { incarnation, startedAt: now, endsAt, min, max, wanted, accusers: [accuser] };
}

/** The suspicion with one more accuser; null when this one adds nothing. */
export function confirmSuspicion(suspicion: Suspicion, accuser: NodeName): Suspicion | null {
  const { accusers, wanted, min, max, startedAt } = suspicion;
  const confirmations = accusers.length - 1;
  if (confirmations >= wanted || accusers.includes(accuser)) return null;
  const endsAt = startedAt + suspicionTimeout(confirmations + 1, wanted, min, max);
  return { ...suspicion, accusers: [...accusers, accuser], endsAt };
}
