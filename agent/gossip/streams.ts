// Gossip's streams: one message each way over a connection. We dial for push/pulls and fallback pings, and answer those
// of others. How many there are at once, and what they hold in memory, is bounded.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { answerStreamPing } from "../../shared/gossip/probe.ts";
import type { GossipState } from "../../shared/gossip/state.ts";
import type { GossipAddress, GossipInput, PushPull, StreamMessage } from "../../shared/gossip/types.ts";
import { limits } from "../../shared/limits.ts";
import type { GossipFraming } from "../../shared/wire/gossip-packets.ts";
import { createStreamReader, sealStream, type StreamReader } from "../../shared/wire/gossip-streams.ts";
import type { GossipDoor, GossipStream, GossipStreamEvents, Log, Timers } from "../ports.ts";

export type GossipStreams = {
  /** Sends `message` and resolves with the answer, or with why there is none. */
  call(
    door: GossipDoor,
    to: GossipAddress,
    message: StreamMessage,
    timeoutMillis: Millis,
  ): Promise<Result<StreamMessage, string>>;
  accepted(stream: GossipStream): GossipStreamEvents | null;
  close(): void;
};

export type GossipStreamsOptions = {
  framing(): GossipFraming;
  readonly timers: Timers;
  readonly log: Log;
  timeoutMillis(): Millis;
  /** Our half of a push/pull; null while we are not there yet. */
  answer(join: boolean): PushPull | null;
  state(): GossipState | null;
  take(input: GossipInput): void;
};

type Open = { readonly stream: GossipStream; readonly reader: StreamReader };

export function createGossipStreams(options: GossipStreamsOptions): GossipStreams {
  const { framing, timers, log } = options;
  const open = new Set<Open>();
  let acceptedCount = 0;

  /** Whether all connections together hold more than they may. */
  function isTooMuch(): boolean {
    let held = 0;
    for (const { reader } of open) held += reader.heldBytes();
    return held > limits.gossipStreamsBytesMax;
  }

  function answerTo(message: StreamMessage, stream: GossipStream): StreamMessage | null {
    const state = options.state();
    if (state === null) return null;
    switch (message.kind) {
      case "pushPull":
        return options.answer(message.join); // as we were before we merge theirs
      case "ping":
        return answerStreamPing(state, message);
      case "user":
        options.take({ kind: "packet", from: stream.peer, messages: [message] });
        return null;
      default:
        return null;
    }
  }

  return {
    call(door, to, message, timeoutMillis) {
      const opened = framing();
      return new Promise((resolve) => {
        const reader = createStreamReader(opened, "acceptor");
        const finish = (result: Result<StreamMessage, string>): void => {
          stopTimer();
          open.delete(entry);
          stream.destroy();
          resolve(result);
        };
        const stopTimer = timers.after(timeoutMillis, () => finish(fail("i/o timeout")));
        const stream = door.dial(to, {
          data(chunk) {
            const progress = reader.read(chunk);
            if (progress.kind === "message") finish(ok(progress.message));
            else if (progress.kind === "failed") finish(fail(progress.error));
            else if (isTooMuch()) finish(fail("too much is being received"));
          },
          closed: (reason) => finish(fail(reason === "" ? "EOF" : reason)),
        });
        const entry: Open = { stream, reader };
        open.add(entry);
        stream.write(sealStream(message, opened, "dialler"));
      });
    },

    accepted(stream) {
      if (acceptedCount >= limits.gossipStreamsMax) {
        log("warn", "gossip: too many streams at once; one was refused");
        return null;
      }
      acceptedCount += 1;
      const opened = framing();
      const entry: Open = { stream, reader: createStreamReader(opened, "dialler") };
      open.add(entry);
      const stopTimer = timers.after(options.timeoutMillis(), () => stream.destroy());
      let isAnswered = false;

      function answer(message: StreamMessage): void {
        const reply = answerTo(message, stream);
        if (reply !== null) stream.write(sealStream(reply, opened, "acceptor"));
        stream.end();
        if (message.kind === "pushPull" && reply !== null) options.take({ kind: "pushPull", message });
      }

      return {
        data(chunk) {
          if (isAnswered) return; // one message a stream
          const progress = entry.reader.read(chunk);
          if (progress.kind === "more") {
            if (isTooMuch()) stream.destroy();
            return;
          }
          isAnswered = true;
          if (progress.kind === "message") {
            answer(progress.message);
            return;
          }
          log("warn", "gossip: a stream that could not be read", { reason: progress.error });
          const text = progress.answer;
          if (text !== null) stream.write(sealStream({ kind: "error", message: text }, opened, "acceptor"));
          stream.end();
        },
        closed() {
          stopTimer();
          acceptedCount -= 1;
          open.delete(entry);
        },
      };
    },

    close() {
      for (const { stream } of [...open]) stream.destroy();
    },
  };
}
