// Replies that may be given again as they are: a GET that read one answer of the backend, asked for again in the same
// words while that very answer still holds. Whether it does is asked of the backend each time, so a reply is never older
// than one that is made anew (leadership, lease and changed keys are looked at); only the making is saved. Whatever is to
// depend on who asks must be decided before, change the backend's answer, or stand among the deciding headers.

import { limits } from "../limits.ts";
import type { Backend } from "../rpc/backend.ts";
import type { DoorRequest } from "./door.ts";
import type { HttpReply } from "./http.ts";

type Kept<Context> = {
  readonly reply: HttpReply;
  readonly madeOf: object;
  readonly chars: number;
  readonly context: Context;
  /** The route's path up to its parameter. */
  readonly place: string;
};

export type KeptReplies<Context> = {
  find(door: DoorRequest, context: Context): Pick<Kept<Context>, "reply" | "place"> | null;
  /** Takes a reply that says what it is made of, when the backend vouches for that. */
  keep(door: DoorRequest, context: Context, place: string, reply: HttpReply): void;
  readonly size: number;
};

/** Who asks with one of these may get another answer than the next one. */
const decidingHeaders = ["x-consul-token", "authorization", "cache-control", "x-consul-namespace"] as const;

function isPlain(door: DoorRequest): boolean {
  return door.method === "GET" && decidingHeaders.every((name) => door.header(name) === undefined);
}

function targetOf(door: DoorRequest): string {
  return door.rawQuery === "" ? door.path : `${door.path}?${door.rawQuery}`;
}

/** Nothing kept yet. */
export function createKeptReplies<Context extends { readonly backend: Backend }>(): KeptReplies<Context> {
  const replies = new Map<string, Kept<Context>>();
  let chars = 0;

  function remove(target: string, kept: Kept<Context>): void {
    replies.delete(target);
    chars -= kept.chars;
  }

  return {
    find(door, context) {
      const target = targetOf(door);
      const kept = replies.get(target);
      if (kept === undefined || !isPlain(door)) return null;
      if (kept.context === context && context.backend.stillHolds?.(kept.madeOf) === true) return kept;
      remove(target, kept);
      return null;
    },
    keep(door, context, place, reply) {
      const { madeOf, body } = reply;
      if (madeOf === undefined || context.backend.stillHolds?.(madeOf) !== true || !isPlain(door)) return;
      const length = typeof body === "string" || body instanceof Uint8Array ? body.length : 0;
      const target = targetOf(door);
      const kept: Kept<Context> = { reply, madeOf, chars: length + target.length, context, place };
      if (kept.chars > limits.answerCacheEntryCharsMax) return;
      const old = replies.get(target);
      if (old !== undefined) remove(target, old);
      replies.set(target, kept);
      chars += kept.chars;
      for (const [oldest, each] of replies) {
        if (chars <= limits.answerCacheCharsMax && replies.size <= limits.answerCacheEntriesMax) break;
        remove(oldest, each);
      }
    },
    get size() {
      return replies.size;
    },
  };
}
