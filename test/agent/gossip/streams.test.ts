// Streams: limits, silence, and the answer to each kind of message.

import { describe, expect, it } from "vitest";
import { createGossipStreams } from "../../../agent/gossip/streams.ts";
import { gossipCipher } from "../../../agent/runtime/gossip-cipher.ts";
import type { StreamMessage } from "../../../shared/gossip/types.ts";
import { type GossipFraming, noLabel } from "../../../shared/wire/gossip-packets.ts";
import { createStreamReader, sealStream } from "../../../shared/wire/gossip-streams.ts";
import { oneMember } from "../../shared/gossip/one-member.ts";
import { VirtualWorld } from "../rpc/virtual-world.ts";

const framing: GossipFraming = {
  label: noLabel,
  keyring: [],
  verifyIncoming: true,
  verifyOutgoing: true,
  compress: true,
  cipher: gossipCipher,
};
const peer = { ip: Uint8Array.of(10, 0, 0, 2), port: 8301 };

function scenario() {
  const world = new VirtualWorld();
  const me = oneMember();
  const taken: string[] = [];
  const streams = createGossipStreams({
    framing: () => framing,
    timers: world.ports.timers,
    log: world.ports.log,
    timeoutMillis: () => 10_000,
    answer: (join) => ({ kind: "pushPull", join, nodes: [], userState: new Uint8Array(0) }),
    state: () => me.state,
    take: (input) => taken.push(input.kind),
  });
  const connect = () => {
    const out: Uint8Array[] = [];
    const seen = { ended: false, destroyed: false };
    const events = streams.accepted({
      peer,
      write: (bytes) => void out.push(bytes),
      end: () => {
        seen.ended = true;
      },
      destroy: () => {
        seen.destroyed = true;
        events?.closed("");
      },
    });
    const answer = (): StreamMessage | null => {
      const reader = createStreamReader(framing, "acceptor");
      for (const bytes of out) {
        const progress = reader.read(bytes);
        if (progress.kind === "message") return progress.message;
      }
      return null;
    };
    return { events, seen, answer };
  };
  return { world, taken, connect };
}

describe("an accepted stream", () => {
  it("is answered with our state before theirs is taken, and ended", () => {
    const { connect, taken } = scenario();
    const { events, seen, answer } = connect();
    const request = sealStream(
      { kind: "pushPull", join: true, nodes: [], userState: new Uint8Array(0) },
      framing,
      "dialler",
    );
    for (const byte of request) events?.data(Uint8Array.of(byte)); // in as many segments as it has bytes
    expect(answer()).toMatchObject({ kind: "pushPull", join: true });
    expect(seen.ended).toBe(true);
    expect(taken).toEqual(["pushPull"]);
  });

  it("is answered when it is a ping for us, and only ended when it is for another", () => {
    const { connect } = scenario();
    for (const [node, kind] of [
      ["me", "ack"],
      ["other", undefined],
    ] as const) {
      const { events, seen, answer } = connect();
      events?.data(sealStream({ kind: "ping", sequence: 3, node, source: null }, framing, "dialler"));
      expect(answer()?.kind).toBe(kind);
      expect(seen.ended).toBe(true);
    }
  });

  it("is told what is wrong with it", () => {
    const { connect } = scenario();
    const { events, seen, answer } = connect();
    events?.data(Uint8Array.of(6, 0xc1));
    expect(answer()).toMatchObject({ kind: "error" });
    expect(seen.ended).toBe(true);
  });

  it("that says nothing is closed when its time is over", async () => {
    const { world, connect } = scenario();
    const { seen } = connect();
    await world.advance(10_001);
    expect(seen.destroyed).toBe(true);
  });

  it("is refused when there are too many", () => {
    const { connect } = scenario();
    const all = Array.from({ length: 130 }, () => connect().events);
    expect(all.filter((events) => events === null)).toHaveLength(2);
    all[0]?.closed("");
    expect(connect().events).not.toBeNull();
  });
});
