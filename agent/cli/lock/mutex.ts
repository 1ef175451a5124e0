// A lock for one holder: the key PREFIX/.lock, acquired by the holder's session. Compatible with `consul lock`.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import type { CommandContext } from "../command.ts";
import { type Entry, parseEntries } from "../commands/kv-entries.ts";
import { type ApiReply, ask, pathOf } from "../http-client.ts";
import { askAgain, indexOf, type LockSession, pause } from "./session.ts";

/** Marks a key that is used as a lock, so that it is not taken for a semaphore's. */
export const mutexFlags = "3304740253564472344";
const waitMillis = 15_000;
/** Consul's client waits so long before it asks again for a key under lock delay. */
const delayMillis = 5_000;

export type Held = {
  /** Why it is lost; resolves at the latest some seconds after it is. */
  watch(stopped: () => boolean): Promise<string>;
  release(): Promise<void>;
};

/** Waits until the lock is this session's; fails when `stopped` says so. */
export async function acquireMutex(
  context: CommandContext,
  prefix: string,
  session: LockSession,
  retries: number,
  stopped: () => boolean,
): Promise<Result<Held, string>> {
  const path = pathOf("/v1/kv/", `${prefix}/.lock`);
  const query = [
    ["acquire", session.id],
    ["flags", mutexFlags],
  ] as const;
  for (let index = ""; ; ) {
    if (stopped()) return fail("stopped");
    const read = await readEntry(context, path, index, retries);
    if (!read.ok) return read;
    const { entry, next } = read.value;
    if (entry !== null && entry.Flags !== mutexFlags) return fail("Existing key does not match lock use");
    if (entry?.Session !== undefined && entry.Session !== session.id) {
      index = next;
      continue;
    }
    if (entry?.Session !== session.id) {
      const taken = await ask(context, { method: "PUT", path, query, body: "" });
      if (!taken.ok) return taken;
      if (taken.value.text.trim() !== "true") {
        await pause(context, delayMillis);
        index = "";
        continue;
      }
    }
    return ok(held(context, path, session, retries));
  }
}

function held(context: CommandContext, path: string, session: LockSession, retries: number): Held {
  return {
    async watch(stopped) {
      for (let index = ""; !stopped(); ) {
        const read = await readEntry(context, path, index, retries);
        if (stopped()) break;
        if (!read.ok) return read.error;
        if (read.value.entry?.Session !== session.id) return "another holds the lock, or nobody does";
        index = read.value.next;
      }
      return "stopped";
    },
    async release() {
      const query = [
        ["release", session.id],
        ["flags", mutexFlags],
      ] as const;
      await ask(context, { method: "PUT", path, query, body: "" });
      // The key goes with its last holder, unless somebody has taken it already.
      const read = await readEntry(context, path, "", 0);
      if (!read.ok || read.value.entry === null || read.value.entry.Session !== undefined) return;
      const index = String(read.value.entry.ModifyIndex);
      await ask(context, { method: "DELETE", path, query: [["cas", index]] });
    },
  };
}

type Read = { readonly entry: Entry | null; readonly next: string };

async function readEntry(
  context: CommandContext,
  path: string,
  index: string,
  retries: number,
): Promise<Result<Read, string>> {
  const blocking =
    index === ""
      ? []
      : ([
          ["index", index],
          ["wait", `${waitMillis}ms`],
        ] as const);
  const query = [["consistent", ""] as const, ...blocking];
  const reply = await askAgain(context, { path, query, alsoGood: [404] }, retries);
  if (!reply.ok) return reply;
  return ok({ entry: firstOf(reply.value), next: indexOf(reply.value) });
}

function firstOf(reply: ApiReply): Entry | null {
  return reply.status === 404 ? null : (parseEntries(reply.text)[0] ?? null);
}
