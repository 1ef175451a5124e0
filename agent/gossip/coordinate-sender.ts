// Sends this node's network coordinate to the servers: every 15 s as Consul does where the servers are one's own, more
// rarely in a large pool, and only when it has moved where a request would wake a sleeping server (surface G6).

import type { Millis } from "../../shared/base/brand.ts";
import { rawDistance } from "../../shared/coordinate/coordinate.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import type { Coordinate } from "../../shared/structs/coordinate.ts";
import type { Timers } from "../ports.ts";

const intervalMillisMin: Millis = 15_000;
/** Of the whole datacenter. */
const updatesPerSecond = 64;
/** A move below a millisecond, and below a tenth of the confidence, is no news to a sleeping server. */
const movedSecondsMin = 0.001;
const errorChangeMin = 0.1;
const silenceMillisMax: Millis = 3_600_000;

type Parts = {
  readonly nodeName: string;
  /** The servers never sleep. */
  always(): boolean;
  coordinate(): Coordinate | null;
  members(): number;
  readonly backend: Backend;
  readonly timers: Timers;
  now(): Millis;
  random(): number;
};

/** Time between two updates of one node. */
export function coordinateIntervalMillis(members: number): Millis {
  return Math.max(intervalMillisMin, (members / updatesPerSecond) * 1_000);
}

/** Whether a server that sleeps should be told. */
export function hasMoved(sent: Coordinate | null, now: Coordinate): boolean {
  if (sent === null) return true;
  const apart = rawDistance(sent, now) - sent.Height - now.Height;
  return apart >= movedSecondsMin || Math.abs(sent.Error - now.Error) >= errorChangeMin;
}

/** Begins; the returned function ends it. */
export function startCoordinateSender(parts: Parts): () => void {
  let sent: Coordinate | null = null;
  let sentAt: Millis = 0;
  let stopTimer: () => void = () => {};

  async function send(): Promise<void> {
    const coordinate = parts.coordinate();
    if (coordinate === null) return;
    const silent = parts.now() - sentAt >= silenceMillisMax;
    if (!parts.always() && !silent && !hasMoved(sent, coordinate)) return;
    const request = { datacenter: "", token: "", node: parts.nodeName, segment: "", coordinate };
    const told = await parts.backend.call("Coordinate.Update", request);
    if (!told.ok) return;
    sent = coordinate;
    sentAt = parts.now();
  }

  function arm(): void {
    const interval = coordinateIntervalMillis(parts.members());
    stopTimer = parts.timers.after(interval * (1 + parts.random()), () => {
      arm();
      void send();
    });
  }

  arm();
  return () => stopTimer();
}
