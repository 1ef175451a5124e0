// A lock for n holders: contenders under PREFIX/, each acquired by its own session, and PREFIX/.lock, which lists the
// holders and is changed by check-and-set. Compatible with `consul lock -n`.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import type { CommandContext } from "../command.ts";
import { type Entry, entryBytes, parseEntries } from "../commands/kv-entries.ts";
import { ask, pathOf } from "../http-client.ts";
import type { Held } from "./mutex.ts";
import { askAgain, indexOf, type LockSession } from "./session.ts";

export const semaphoreFlags = "16210313421097356768";
const waitMillis = 15_000;

type Holders = { readonly Limit: number; readonly Holders: Readonly<Record<string, boolean>> };
type Tree = { readonly lock: Entry | null; readonly alive: ReadonlySet<string>; readonly next: string };

/** Waits until this session is one of the `limit` holders; fails when `stopped` says so. */
export async function acquireSemaphore(
  context: CommandContext,
  prefix: string,
  limit: number,
  session: LockSession,
  retries: number,
  stopped: () => boolean,
): Promise<Result<Held, string>> {
  const contender = pathOf("/v1/kv/", `${prefix}/${session.id}`);
  const entered = await ask(context, {
    method: "PUT",
    path: contender,
    query: [
      ["acquire", session.id],
      ["flags", semaphoreFlags],
    ],
    body: "",
  });
  if (!entered.ok) return entered;
  if (entered.value.text.trim() !== "true") return fail("failed to make contender entry");
  const world: World = { context, prefix, session, retries };
  for (let index = ""; ; ) {
    if (stopped()) return fail("stopped");
    const read = await readTree(world, index);
    if (!read.ok) return read;
    const { lock, alive, next } = read.value;
    if (lock !== null && lock.Flags !== semaphoreFlags)
      return fail("Existing key does not match semaphore use");
    const holders = parseHolders(lock, limit);
    if (!holders.ok) return holders;
    if (holders.value.Limit !== limit) {
      return fail(`semaphore limit conflict (lock: ${holders.value.Limit}, local: ${limit})`);
    }
    const living = Object.keys(holders.value.Holders).filter((id) => alive.has(id));
    if (living.length >= limit && !living.includes(session.id)) {
      index = next;
      continue;
    }
    const written = await writeHolders(world, lock, limit, [...living, session.id]);
    if (!written.ok) return written;
    if (written.value) return ok(held(world, contender, limit));
    index = "";
  }
}

type World = {
  readonly context: CommandContext;
  readonly prefix: string;
  readonly session: LockSession;
  readonly retries: number;
};

function held(world: World, contender: string, limit: number): Held {
  const { context, session } = world;
  return {
    async watch(stopped) {
      for (let index = ""; !stopped(); ) {
        const read = await readTree(world, index);
        if (stopped()) break;
        if (!read.ok) return read.error;
        const holders = parseHolders(read.value.lock, limit);
        if (!holders.ok || holders.value.Holders[session.id] !== true)
          return "this session holds no place any more";
        index = read.value.next;
      }
      return "stopped";
    },
    async release() {
      for (;;) {
        const read = await readTree(world, "");
        if (!read.ok || read.value.lock === null) break;
        const holders = parseHolders(read.value.lock, limit);
        if (!holders.ok) break;
        const others = Object.keys(holders.value.Holders).filter((id) => id !== session.id);
        const left = await leave(world, read.value.lock, limit, others);
        if (!left.ok || left.value) break;
      }
      await ask(context, { method: "DELETE", path: contender });
    },
  };
}

/** The last one to leave takes the list away. */
async function leave(
  world: World,
  lock: Entry,
  limit: number,
  others: readonly string[],
): Promise<Result<boolean, string>> {
  if (others.length > 0) return writeHolders(world, lock, limit, others);
  const path = pathOf("/v1/kv/", `${world.prefix}/.lock`);
  const query = [["cas", String(lock.ModifyIndex)]] as const;
  const removed = await ask(world.context, { method: "DELETE", path, query });
  return removed.ok ? ok(removed.value.text.trim() === "true") : removed;
}

async function writeHolders(
  world: World,
  lock: Entry | null,
  Limit: number,
  sessions: readonly string[],
): Promise<Result<boolean, string>> {
  const list: Holders = { Limit, Holders: Object.fromEntries(sessions.map((id) => [id, true])) };
  const written = await ask(world.context, {
    method: "PUT",
    path: pathOf("/v1/kv/", `${world.prefix}/.lock`),
    query: [
      ["cas", String(lock?.ModifyIndex ?? 0)],
      ["flags", semaphoreFlags],
    ],
    body: JSON.stringify(list),
  });
  return written.ok ? ok(written.value.text.trim() === "true") : written;
}

async function readTree(world: World, index: string): Promise<Result<Tree, string>> {
  const blocking =
    index === ""
      ? []
      : ([
          ["index", index],
          ["wait", `${waitMillis}ms`],
        ] as const);
  const query = [["recurse", ""] as const, ["consistent", ""] as const, ...blocking];
  const path = pathOf("/v1/kv/", `${world.prefix}/`);
  const reply = await askAgain(world.context, { path, query, alsoGood: [404] }, world.retries);
  if (!reply.ok) return reply;
  const entries = reply.value.status === 404 ? [] : parseEntries(reply.value.text);
  const lock = entries.find((entry) => entry.Key === `${world.prefix}/.lock`) ?? null;
  const alive = new Set(entries.flatMap((entry) => (entry === lock ? [] : (entry.Session ?? []))));
  return ok({ lock, alive, next: indexOf(reply.value) });
}

function parseHolders(lock: Entry | null, limit: number): Result<Holders, string> {
  if (lock === null) return ok({ Limit: limit, Holders: {} });
  try {
    const parsed = JSON.parse(new TextDecoder().decode(entryBytes(lock, false))) as Partial<Holders> | null;
    const { Limit, Holders } = parsed ?? {};
    if (typeof Limit !== "number" || typeof Holders !== "object")
      return fail("the list of holders is damaged");
    return ok({ Limit, Holders: Holders ?? {} });
  } catch {
    return fail("the list of holders is damaged");
  }
}
