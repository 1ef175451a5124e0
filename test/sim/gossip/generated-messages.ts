// Messages of every kind with values at the edges of what their bytes can say.

import type { GossipAddress, PacketMessage } from "../../../shared/gossip/types.ts";
import type { SerfMessage } from "../../../shared/serf/types.ts";
import { encodeSerfMessage } from "../../../shared/wire/serf-messages.ts";
import type { Dice } from "../clock.ts";

const numbers = [0, 1, 2, 3, 127, 128, 255, 65_536, 0x7fff_ffff, 0xffff_fff0, 0xffff_fffe, 0xffff_ffff];
const times = [0, 1, 2, 100, 511, 512, 513, 100_000, 2 ** 40, Number.MAX_SAFE_INTEGER];
const names = ["m0", "m1", "m2", "ghost", "", "é€𝄞", "a/b c", "x".repeat(300), "__proto__", "constructor"];

function bytes(dice: Dice, most: number): Uint8Array {
  return Uint8Array.from({ length: dice.between(0, most) }, () => dice.between(0, 255));
}

function name(dice: Dice): string {
  return dice.chance(0.3) ? `g${dice.between(0, 500)}` : dice.pick(names);
}

function address(dice: Dice): GossipAddress {
  const ip = dice.chance(0.7) ? Uint8Array.of(10, 0, 0, dice.between(1, 255)) : bytes(dice, 20);
  return { ip, port: dice.pick([0, 1, 8301, 65_535]) };
}

/** One membership message. */
export function generatedMessage(dice: Dice): PacketMessage {
  const node = name(dice);
  const [sequence, incarnation] = [dice.pick(numbers), dice.pick(numbers)];
  const source = dice.chance(0.5) ? null : { node: name(dice), address: address(dice) };
  switch (dice.between(0, 8)) {
    case 0:
      return { kind: "ping", sequence, node, source };
    case 1:
      return { kind: "indirectPing", sequence, target: address(dice), node, nack: dice.chance(0.5), source };
    case 2:
      return { kind: "ack", sequence, payload: bytes(dice, 60) };
    case 3:
      return { kind: "nack", sequence };
    case 4:
      return { kind: "suspect", incarnation, node, from: name(dice) };
    case 5:
      return { kind: "dead", incarnation, node, from: name(dice) };
    case 6: {
      const versions = dice.chance(0.7) ? Uint8Array.of(1, 5, 2, 2, 5, 4) : bytes(dice, 10);
      return { kind: "alive", incarnation, node, address: address(dice), meta: bytes(dice, 700), versions };
    }
    default: {
      const kind = dice.pick([
        "leave",
        "join",
        "userEvent",
        "query",
        "queryResponse",
        "relay",
        "pushPull",
      ] as const);
      const payload = dice.chance(0.2)
        ? bytes(dice, 100)
        : encodeSerfMessage(generatedSerfMessage(dice, kind));
      return { kind: "user", payload };
    }
  }
}

/** One serf message of this kind. */
export function generatedSerfMessage(dice: Dice, kind: SerfMessage["kind"]): SerfMessage {
  const time = dice.pick(times);
  const node = name(dice);
  const payload = dice.chance(0.2) ? null : bytes(dice, 80);
  switch (kind) {
    case "leave":
      return { kind, time, node, prune: dice.chance(0.3) };
    case "join":
      return { kind, time, node };
    case "userEvent":
      return { kind, time, name: node, payload, coalesce: dice.chance(0.5) };
    case "query":
      return {
        kind,
        time,
        id: dice.pick(numbers),
        source: address(dice),
        sourceNode: node,
        filters: dice.chance(0.6) ? [] : [bytes(dice, 12), bytes(dice, 3)],
        flags: dice.between(0, 3),
        relayFactor: dice.pick([0, 1, 3, 255]),
        timeoutNanos: dice.pick([0, 1, 5e9, 1e18]),
        name: dice.pick([
          node,
          "_serf_ping",
          "_serf_conflict",
          "_serf_list-keys",
          "_serf_install-key",
          "_serf_use-key",
        ]),
        payload,
      };
    case "queryResponse":
      return { kind, time, id: dice.pick(numbers), from: node, flags: dice.between(0, 3), payload };
    case "relay":
      return {
        kind,
        to: address(dice),
        toName: node,
        inner: dice.chance(0.3) ? bytes(dice, 30) : encodeSerfMessage(generatedSerfMessage(dice, "query")),
      };
    case "pushPull": {
      const statusTimes = new Map(
        Array.from({ length: dice.between(0, 5) }, () => [name(dice), dice.pick(times)]),
      );
      const events = Array.from({ length: dice.between(0, 600) }, () =>
        dice.chance(0.9) ? null : { time: dice.pick(times), events: [{ name: name(dice), payload }] },
      );
      return {
        kind,
        time,
        statusTimes,
        leftMembers: [name(dice)],
        eventTime: dice.pick(times),
        events,
        queryTime: dice.pick(times),
      };
    }
  }
}
