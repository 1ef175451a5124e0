import { describe, expect, it, vi } from "vitest";
import { serverError } from "../../../shared/errors.ts";
import type { RaftMessage, ServerId } from "../../../shared/raft/types.ts";
import { createPeers, type PeerObject } from "../../../worker/runtime/peers.ts";

const self = "server-1" as ServerId;
const peer = "server-2" as ServerId;

function message(term: number): RaftMessage {
  return { from: self, to: peer, term, kind: "preVoteReply", granted: true };
}

describe("messages to another object", () => {
  it("hands the peer's answers back", async () => {
    const answered = vi.fn();
    const object: PeerObject = { raft: async () => [message(7)], forwarded: vi.fn() };
    createPeers(self, () => object, { answered, unreachable: vi.fn() }).send(peer, [message(1)]);
    await vi.waitFor(() => expect(answered).toHaveBeenCalledWith(peer, [message(7)]));
  });

  it("reports a peer that does not answer in two seconds, and takes a new stub", async () => {
    vi.useFakeTimers();
    const unreachable = vi.fn();
    const open = vi.fn((): PeerObject => ({ raft: () => new Promise(() => undefined), forwarded: vi.fn() }));
    const peers = createPeers(self, open, { answered: vi.fn(), unreachable });
    peers.send(peer, [message(1)]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(unreachable).toHaveBeenCalledWith(peer);
    peers.send(peer, [message(1)]);
    expect(open).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("keeps a bounded number in flight and sends the rest together", async () => {
    const waiting: (() => void)[] = [];
    const sizes: number[] = [];
    const object: PeerObject = {
      raft: (messages) => {
        sizes.push(messages.length);
        return new Promise((resolve) => waiting.push(() => resolve([])));
      },
      forwarded: vi.fn(),
    };
    const peers = createPeers(self, () => object, { answered: vi.fn(), unreachable: vi.fn() });
    for (let term = 0; term < 12; term++) peers.send(peer, [message(term)]);
    expect(sizes).toEqual(Array.from({ length: 8 }, () => 1));
    waiting[0]?.();
    await vi.waitFor(() => expect(sizes.at(-1)).toBe(4));
    for (const answer of waiting) answer();
  });

  it("says that a forwarded write may have happened when the call breaks, and that a read has not", async () => {
    const broken: PeerObject = {
      raft: async () => [],
      forwarded: async () => {
        throw new Error("gone");
      },
    };
    const peers = createPeers(self, () => broken, { answered: vi.fn(), unreachable: vi.fn() });
    expect(await peers.call(peer, "KVS.Apply", {})).toEqual({
      ok: false,
      error: serverError("internal", "server-2: gone"),
    });
    expect(await peers.call(peer, "KVS.Get", {})).toEqual({
      ok: false,
      error: serverError("noServers", "server-2: gone"),
    });
  });
});
