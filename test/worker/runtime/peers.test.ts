import { describe, expect, it, vi } from "vitest";
import { fail, ok } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import type { RaftMessage, ServerId } from "../../../shared/raft/types.ts";
import { createPeers, type ForwardedCall, type PeerObject } from "../../../worker/runtime/peers.ts";

const self = "server-1" as ServerId;
const peer = "server-2" as ServerId;

const silent: PeerObject = { raft: async () => [], forwarded: vi.fn(), forwardedTogether: vi.fn() };

function message(term: number): RaftMessage {
  return { from: self, to: peer, term, kind: "preVoteReply", granted: true };
}

describe("messages to another object", () => {
  it("hands the peer's answers back", async () => {
    const answered = vi.fn();
    const object: PeerObject = { ...silent, raft: async () => [message(7)] };
    createPeers(self, () => object, { answered, unreachable: vi.fn() }).send(peer, [message(1)]);
    await vi.waitFor(() => expect(answered).toHaveBeenCalledWith(peer, [message(7)]));
  });

  it("reports a peer that does not answer in two seconds, and takes a new stub", async () => {
    vi.useFakeTimers();
    const unreachable = vi.fn();
    const open = vi.fn((): PeerObject => ({ ...silent, raft: () => new Promise(() => undefined) }));
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
      ...silent,
      raft: (messages) => {
        sizes.push(messages.length);
        return new Promise((resolve) => waiting.push(() => resolve([])));
      },
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
      ...silent,
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

  it("passes the writes of one turn on together, and each gets its own answer", async () => {
    const calls: unknown[] = [];
    const object: PeerObject = {
      ...silent,
      forwarded: async (_from, method, request) => {
        calls.push([method, request]);
        return ok("alone");
      },
      forwardedTogether: async (_from, text) => {
        const together = JSON.parse(text) as ForwardedCall[];
        calls.push(together);
        return together.map(([, n]) => (n === 2 ? fail(serverError("noLeader")) : ok(n)));
      },
    };
    const peers = createPeers(self, () => object, { answered: vi.fn(), unreachable: vi.fn() });
    const answers = await Promise.all([
      peers.call(peer, "KVS.Apply", 1),
      peers.call(peer, "KVS.Get", "read"),
      peers.call(peer, "KVS.Apply", 2),
      peers.call(peer, "Txn.Apply", 3),
    ]);
    expect(answers).toEqual([ok(1), ok("alone"), fail(serverError("noLeader")), ok(3)]);
    expect(calls).toEqual([
      ["KVS.Get", "read"],
      [
        ["KVS.Apply", 1],
        ["KVS.Apply", 2],
        ["Txn.Apply", 3],
      ],
    ]);
    expect(await peers.call(peer, "KVS.Apply", 4)).toEqual(ok("alone"));
  });

  it("splits what is too large for one call, and fails each of them when the call breaks", async () => {
    const sizes: number[] = [];
    const forwardedTogether = async (_from: ServerId, text: string) => {
      sizes.push((JSON.parse(text) as unknown[]).length);
      throw new Error("gone");
    };
    const object: PeerObject = { ...silent, forwarded: async () => ok("alone"), forwardedTogether };
    const peers = createPeers(self, () => object, { answered: vi.fn(), unreachable: vi.fn() });
    const value = "x".repeat(1_500_000);
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => peers.call(peer, "KVS.Apply", value)));
    const gone = fail(serverError("internal", "server-2: gone"));
    expect(sizes).toEqual([2, 2]);
    expect(answers).toEqual([gone, gone, gone, gone, ok("alone")]);
  });

  it("knows that a server of the version before did nothing", async () => {
    const old = async () => {
      throw new Error('The RPC receiver does not implement the method "forwardedTogether".');
    };
    const peers = createPeers(self, () => ({ ...silent, forwardedTogether: old }), {
      answered: vi.fn(),
      unreachable: vi.fn(),
    });
    const answers = await Promise.all([1, 2].map((n) => peers.call(peer, "KVS.Apply", n)));
    expect(answers[0]).toEqual(fail(serverError("noLeader", "server-2")));
  });
});
