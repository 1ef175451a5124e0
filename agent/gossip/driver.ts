// Drives one gossip pool: gives inputs to the core, seals and sends what it decides, keeps its one timer, and tells the
// layer above (serf) what happened. Only what may not wait is decided here; everything else in shared/gossip.

import type { Millis } from "../../shared/base/brand.ts";
import { ok, type Result } from "../../shared/base/result.ts";
import type { GossipConfig } from "../../shared/gossip/config.ts";
import { pushPullMessage } from "../../shared/gossip/push-pull.ts";
import { type GossipState, newGossipState } from "../../shared/gossip/state.ts";
import { step } from "../../shared/gossip/step.ts";
import type { GossipAddress, GossipEffects, GossipEvent, GossipInput } from "../../shared/gossip/types.ts";
import { type GossipFraming, openPacket, sealPacket } from "../../shared/wire/gossip-packets.ts";
import type { GossipDoor, GossipNetwork, Log, Timers } from "../ports.ts";
import { limitedLog } from "./limited-log.ts";
import { createGossipStreams } from "./streams.ts";

/** What sits on top of membership. */
export type GossipLayer = {
  /** What happened, in order. Inputs that are given meanwhile are taken afterwards. */
  heard(events: readonly GossipEvent[]): void;
  /** The layer's half of a push/pull. */
  userState(join: boolean): Uint8Array;
};

export type GossipDriver = {
  /** To be looked at only. */
  readonly state: GossipState;
  readonly counters: Readonly<PacketCounters>;
  give(input: GossipInput): void;
  /** A user message straight to somebody, outside of gossip (answers to queries, relays). */
  sendUser(to: GossipAddress, payload: Uint8Array): void;
  /** A push/pull with this address; the error is Go's text of why there was none. */
  exchange(to: GossipAddress, join: boolean): Promise<Result<void, string>>;
  close(): Promise<void>;
};

export type PacketCounters = {
  packetsIn: number;
  bytesIn: number;
  packetsOut: number;
  bytesOut: number;
  /** Packets that could not be opened, and parts that could not be read. */
  packetsDropped: number;
  partsDropped: number;
};

export type GossipDriverOptions = {
  /** The address to bind. */
  readonly host: string;
  readonly port: number;
  /** The configuration, once the port is known. */
  config(port: number): GossipConfig;
  readonly meta: Uint8Array;
  readonly seed: number;
  /** Asked for every packet: keys change. */
  framing(): GossipFraming;
  readonly layer: GossipLayer;
  readonly network: GossipNetwork;
  readonly timers: Timers;
  readonly defer: (body: () => void) => void;
  readonly log: Log;
};

/** Later than this, and there may be answers in the socket that should be heard before the deadline is acted upon. */
const lateWakeMillis = 20;

/** Opens the door and starts; the error says why it cannot be opened. */
export async function openGossip(options: GossipDriverOptions): Promise<Result<GossipDriver, string>> {
  const { network, layer, timers, framing } = options;
  const log = limitedLog(options.log, network.monotonic);
  const counters: PacketCounters = {
    packetsIn: 0,
    bytesIn: 0,
    packetsOut: 0,
    bytesOut: 0,
    packetsDropped: 0,
    partsDropped: 0,
  };
  let driver: GossipDriver | null = null;
  const streams = createGossipStreams({
    framing,
    timers,
    log,
    timeoutMillis: () => driver?.state.config.streamTimeoutMillis ?? 0,
    answer: (join) => (driver === null ? null : pushPullMessage(driver.state, join, layer.userState(join))),
    state: () => driver?.state ?? null,
    take: (input) => driver?.give(input),
  });
  const opened = await network.open({
    host: options.host,
    port: options.port,
    packet(datagram, from) {
      counters.packetsIn += 1;
      counters.bytesIn += datagram.length;
      const packet = openPacket(datagram, framing());
      if (!packet.ok) {
        counters.packetsDropped += 1;
        log("debug", "gossip: dropped a packet", { from: from.ip.join("."), reason: packet.error });
        return;
      }
      counters.partsDropped += packet.value.dropped;
      const { messages } = packet.value;
      if (messages.length > 0) driver?.give({ kind: "packet", from, messages });
    },
    accepted: (stream) => streams.accepted(stream),
  });
  if (!opened.ok) return opened;
  driver = createDriver(options, opened.value, streams, counters);
  return ok(driver);
}

function createDriver(
  options: GossipDriverOptions,
  door: GossipDoor,
  streams: ReturnType<typeof createGossipStreams>,
  counters: PacketCounters,
): GossipDriver {
  const { network, layer, framing, timers } = options;
  const state = newGossipState(options.config(door.port), options.meta, options.seed, network.monotonic());
  const waiting: GossipInput[] = [];
  let isStepping = false;
  let isClosed = false;
  let wakeAt: Millis | null = null;
  let timerAt: Millis | null = null;
  let stopTimer: () => void = () => {};

  function give(input: GossipInput): void {
    if (isClosed) return;
    waiting.push(input);
    if (isStepping) return;
    isStepping = true;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
        carryOut(step(state, next, network.monotonic()));
    } finally {
      isStepping = false;
    }
  }

  function carryOut(effects: GossipEffects): void {
    for (const { to, checksum, messages } of effects.packets) {
      for (const datagram of sealPacket(messages, checksum, framing())) send(to, datagram);
    }
    for (const { to } of effects.pushPulls) void exchange(to.address, false);
    for (const { to, ping, until } of effects.streamPings) {
      const timeoutMillis = Math.max(0, until - network.monotonic());
      void streams.call(door, to.address, ping, timeoutMillis).then((answer) => {
        const ok = answer.ok && answer.value.kind === "ack" && answer.value.sequence === ping.sequence;
        give({ kind: "streamPinged", sequence: ping.sequence, ok });
      });
    }
    arm(effects.wakeAt);
    if (effects.events.length > 0) layer.heard(effects.events);
  }

  function send(to: GossipAddress, datagram: Uint8Array): void {
    counters.packetsOut += 1;
    counters.bytesOut += datagram.length;
    door.send(to, datagram);
  }

  /** A timer that stands already is kept when the deadline moves back: it looks again when it comes. */
  function arm(at: Millis | null): void {
    wakeAt = at;
    if (at === null || (timerAt !== null && timerAt <= at)) return;
    stopTimer();
    timerAt = at;
    stopTimer = timers.after(Math.max(0, at - network.monotonic()), onTimer);
  }

  function onTimer(): void {
    timerAt = null;
    if (isClosed || wakeAt === null) return;
    const late = network.monotonic() - wakeAt;
    if (late < 0) arm(wakeAt);
    else if (late < lateWakeMillis) give({ kind: "wake" });
    else options.defer(() => give({ kind: "wake" }));
  }

  async function exchange(to: GossipAddress, join: boolean): Promise<Result<void, string>> {
    const request = pushPullMessage(state, join, layer.userState(join));
    const answer = await streams.call(door, to, request, state.config.streamTimeoutMillis);
    if (!answer.ok) return answer;
    if (answer.value.kind === "error") return { ok: false, error: `remote error: ${answer.value.message}` };
    if (answer.value.kind !== "pushPull")
      return { ok: false, error: `unexpected answer: ${answer.value.kind}` };
    give({ kind: "pushPull", message: answer.value });
    return ok(undefined);
  }

  return {
    state,
    counters,
    give,
    exchange,
    sendUser(to, payload) {
      for (const datagram of sealPacket([{ kind: "user", payload }], false, framing())) send(to, datagram);
    },
    async close() {
      isClosed = true;
      stopTimer();
      streams.close();
      await door.close();
    },
  };
}
