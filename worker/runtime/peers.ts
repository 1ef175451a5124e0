// The Peers port over object-to-object RPC. Each call has a deadline of its own, because the runtime's automatic
// retries hide a dead peer for up to 10 s; a stub that threw stays broken, so the next call takes a new one.

import { type Result, fail } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { RaftMessage, ServerId } from "../../shared/raft/types.ts";
import { type RpcMethod, rpcKinds } from "../../shared/rpc/methods.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import type { Peers } from "../server/ports.ts";
import { defer } from "./defer.ts";

/** What another server's object offers; implemented by ConsulServer. */
export type PeerObject = {
  raft(messages: readonly RaftMessage[]): Promise<readonly RaftMessage[]>;
  forwarded(from: ServerId, method: RpcMethod, request: unknown): Promise<Answer>;
  /** The same for several; `calls` is JSON of ForwardedCall[], the answers come in their order. */
  forwardedTogether(from: ServerId, calls: string): Promise<readonly Answer[]>;
};

type Answer = Result<unknown, ServerError>;

export type ForwardedCall = readonly [method: RpcMethod, request: unknown];

export type PeerEvents = {
  /** Answers of a peer to what was sent to it. */
  answered(peer: ServerId, messages: readonly RaftMessage[]): void;
  unreachable(peer: ServerId): void;
};

const sendDeadlineMillis = 2_000;
const callsInFlightMax = 8; // per peer; more wait in the queue
const togetherCharsMax = 4 << 20; // writes that are passed on in one call
const queuedMessagesMax = 512; // per peer; beyond it the oldest are dropped, and raft sends again what matters

type Line = {
  stub: PeerObject | null;
  inFlight: number;
  queued: RaftMessage[];
  writes: Write[];
};

/** A write of this turn: its ForwardedCall as JSON. */
type Write = {
  readonly method: RpcMethod;
  readonly request: unknown;
  readonly json: string;
  readonly settle: (answer: Answer) => void;
};

/** `open` makes a new stub to a server. */
export function createPeers(self: ServerId, open: (peer: ServerId) => PeerObject, events: PeerEvents): Peers {
  const lines = new Map<ServerId, Line>();

  function lineOf(peer: ServerId): Line {
    const known = lines.get(peer);
    if (known !== undefined) return known;
    const line: Line = { stub: null, inFlight: 0, queued: [], writes: [] };
    lines.set(peer, line);
    return line;
  }

  function stubOf(peer: ServerId, line: Line): PeerObject {
    line.stub ??= open(peer);
    return line.stub;
  }

  async function deliver(peer: ServerId, line: Line, messages: readonly RaftMessage[]): Promise<void> {
    line.inFlight++;
    const stub = stubOf(peer, line);
    try {
      // A reply that comes after the deadline is still handed on: raft knows from term and round what it is worth.
      const sent = stub.raft(messages).then((replies) => {
        if (replies.length > 0) events.answered(peer, replies);
      });
      await within(sendDeadlineMillis, sent);
    } catch {
      if (line.stub === stub) line.stub = null;
      events.unreachable(peer);
    } finally {
      line.inFlight--;
      flush(peer, line);
    }
  }

  function flush(peer: ServerId, line: Line): void {
    if (line.queued.length === 0 || line.inFlight >= callsInFlightMax) return;
    const messages = line.queued;
    line.queued = [];
    void deliver(peer, line, messages);
  }

  async function callAlone(to: ServerId, method: RpcMethod, request: unknown): Promise<Answer> {
    const line = lineOf(to);
    const stub = stubOf(to, line);
    try {
      return await within(callDeadlineMillis(request), stub.forwarded(self, method, request));
    } catch (error) {
      if (line.stub === stub) line.stub = null;
      return fail(callFailure(to, method, error));
    }
  }

  /** The writes of one turn become one batch of raft at the leader, so that their answers come together too. */
  function passOn(to: ServerId, line: Line): void {
    const writes = line.writes;
    line.writes = [];
    for (let from = 0; from < writes.length; ) {
      let until = from;
      for (let chars = 0; until < writes.length; until++) {
        chars += writes[until]?.json.length ?? 0;
        if (until > from && chars > togetherCharsMax) break;
      }
      void callTogether(to, line, writes.slice(from, until));
      from = until;
    }
  }

  async function callTogether(to: ServerId, line: Line, writes: readonly Write[]): Promise<void> {
    const [only] = writes;
    if (only !== undefined && writes.length === 1) {
      only.settle(await callAlone(to, only.method, only.request));
      return;
    }
    const stub = stubOf(to, line);
    try {
      const calls = `[${writes.map(({ json }) => json).join(",")}]`;
      const answers = await within(callDeadlineMillis(null), stub.forwardedTogether(self, calls));
      for (const [n, { settle }] of writes.entries()) settle(answers[n] ?? fail(serverError("internal", to)));
    } catch (error) {
      if (line.stub === stub) line.stub = null;
      for (const { method, settle } of writes) settle(fail(callFailure(to, method, error)));
    }
  }

  return {
    send(to, messages) {
      const line = lineOf(to);
      line.queued.push(...messages);
      if (line.queued.length > queuedMessagesMax) line.queued = line.queued.slice(-queuedMessagesMax);
      flush(to, line);
    },
    call(to, method, request) {
      if (rpcKinds[method] !== "write") return callAlone(to, method, request);
      const line = lineOf(to);
      return new Promise((settle) => {
        line.writes.push({ method, request, json: JSON.stringify([method, request]), settle });
        if (line.writes.length === 1) defer(() => passOn(to, line));
      });
    },
  };
}

/** What a call that threw means to whoever asked: a write may have happened, a read has not. */
export function callFailure(server: string, method: RpcMethod, error: unknown): ServerError {
  const { overloaded, message } = describe(error);
  if (overloaded) return serverError("tooBusy", server);
  if (/limited to 32 ?MiB/.test(message)) return serverError("answerTooLarge", String(rpcBytesMax));
  // While a new version is deployed, another object may still run the one before.
  if (/does not implement the method/.test(message)) return serverError("noLeader", server);
  if (rpcKinds[method] !== "write") return serverError("noServers", `${server}: ${message}`);
  if (error instanceof DeadlinePassed) return serverError("timeout", server);
  return serverError("internal", `${server}: ${message}`);
}

/** A blocking query may wait as long as it asked for; everything else as long as a server holds a request. */
function callDeadlineMillis(request: unknown): number {
  const options = (request as { readonly options?: QueryOptions } | null)?.options;
  const hold = limits.rpcHoldMillis + 3_000;
  if (options === undefined || options.minIndex === 0) return hold;
  // Consul adds up to a sixteenth of jitter to the wait.
  return options.waitMillis * (1 + 1 / 16) + hold;
}

/** What the runtime lets through in one call. */
const rpcBytesMax = 32 << 20;

class DeadlinePassed extends Error {}

/** Rejects when `work` takes longer; leaves no timer behind, because a pending timer keeps an object awake. */
async function within<T>(millis: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlinePassed(`no answer within ${millis} ms`)), millis);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Begins what an object throws that cannot even be constructed: nothing that it was asked was done. */
export const notStarted = "this server cannot be started:";

/** The runtime's own marks on what a stub throws. */
export function describe(error: unknown): { overloaded: boolean; retryable: boolean; message: string } {
  const marks = (typeof error === "object" ? error : null) as {
    readonly overloaded?: boolean;
    readonly retryable?: boolean;
  } | null;
  return {
    overloaded: marks?.overloaded === true,
    retryable: marks?.retryable === true,
    message: error instanceof Error ? error.message : String(error),
  };
}
