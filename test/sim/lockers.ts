// Clients that hold locks: each makes a session, takes a lock, renews, looks, and gives it back, or forgets all about it
// (then its TTL ends the session, or nobody does).

import type { U64 } from "../../shared/base/brand.ts";
import type { DirEntry } from "../../shared/structs/kv.ts";
import type { Reply } from "../../shared/structs/query.ts";
import type { SessionRequest } from "../../shared/structs/session.ts";
import { type Hold, lockHeldByOne } from "./checkers/anytime-lock-held-by-one.ts";
import type { Channel } from "./channels.ts";
import type { World } from "./cluster.ts";

export type LockerWorld = {
  readonly world: World;
  isFinished(): boolean;
  onRecovered(listener: () => void): void;
  untilBusy(): Promise<void>;
  sleep(millis: number): Promise<void>;
  /** Counts who waits for an answer. */
  counted<T>(body: () => Promise<T>): Promise<T>;
};

export type LockCounts = { sessions: number; locks: number; renewals: number };

const ttls = ["10s", "12s", "20s", ""] as const;
const millisOf = (ttl: string): number =>
  ttl === "" ? Number.POSITIVE_INFINITY : Number(ttl.slice(0, -1)) * 1_000;

/** The lock clients of one run, each on its channel; they share two locks. */
export function createLockers(parts: LockerWorld, counts: LockCounts): (channel: Channel) => Promise<void> {
  const { clock, dice, options, trace } = parts.world;
  const checker = lockHeldByOne();
  parts.onRecovered(checker.recovered);

  async function ask(channel: Channel, asked: Parameters<Channel["ask"]>[0]): Promise<unknown> {
    const answer = await parts.counted(() => channel.ask(asked));
    trace.text(answer === null ? "-" : answer.ok ? "ok" : answer.error.code);
    if (answer?.ok !== true) {
      channel.turnAway();
      await parts.sleep(dice.between(50, 500));
      return undefined;
    }
    return answer.value;
  }
  const patience = { timeoutMillis: 15_000, hangsUp: true } as const;

  async function register(channel: Channel, node: string): Promise<boolean> {
    const registration = {
      Datacenter: "",
      ID: "",
      Node: node,
      Address: "10.0.0.9",
      TaggedAddresses: null,
      NodeMeta: null,
      Service: null,
      Checks: [],
      SkipNodeUpdate: false,
    };
    const request = { token: "", registration };
    return (await ask(channel, { method: "Catalog.Register", request, ...patience })) !== undefined;
  }

  async function createSession(channel: Channel, node: string, ttl: string): Promise<string | null> {
    const session: SessionRequest = {
      Name: channel.name,
      Node: node,
      LockDelay: dice.pick([0, 0, 2_000_000_000]),
      Behavior: dice.pick(["release", "delete"]),
      TTL: ttl,
      NodeChecks: [],
      ServiceChecks: null,
    };
    const request = { token: "", operation: { verb: "create", session }, datacenter: "" } as const;
    const id = await ask(channel, { method: "Session.Apply", request, ...patience });
    if (typeof id !== "string") return null;
    counts.sessions += 1;
    return id;
  }

  const operationOn = (verb: "acquire" | "release", key: string, session: string) =>
    ({ verb, key, session, value: null, flags: "0" as U64 }) as const;

  async function renew(channel: Channel, id: string, hold: Hold): Promise<boolean> {
    const sentAt = clock.now();
    const request = { token: "", id, datacenter: "" };
    const found = await ask(channel, { method: "Session.Renew", request, ...patience });
    if (!Array.isArray(found)) return true; // nobody knows: it goes on until it must fear
    if (found.length === 0) {
      if (hold.isSure(clock.now())) throw new Error(`the session ${id} ended early`);
      return false;
    }
    counts.renewals += 1;
    hold.renewed(sentAt);
    return true;
  }

  async function look(channel: Channel, key: string, id: string, hold: Hold): Promise<void> {
    const asked = {
      datacenter: "",
      token: "",
      consistency: "consistent",
      minIndex: 0,
      waitMillis: 0,
    } as const;
    const request = { key, options: asked };
    if (!hold.isSure(clock.now())) return;
    const reply = (await ask(channel, { method: "KVS.Get", request, ...patience })) as
      | Reply<DirEntry | null>
      | undefined;
    if (reply === undefined || !hold.isSure(clock.now())) return;
    checker.read(key, id, reply.value?.Session);
  }

  /** Holds the lock for a while; false when the session is gone. */
  async function keep(channel: Channel, key: string, id: string, hold: Hold, ttl: number): Promise<boolean> {
    const until = clock.now() + dice.between(100, 40_000);
    while (clock.now() < until && hold.isSure(clock.now()) && !parts.isFinished()) {
      const pause = ttl === Number.POSITIVE_INFINITY ? 3_000 : ttl / 4;
      await parts.sleep(dice.between(10, pause));
      if (dice.chance(0.5)) await look(channel, key, id, hold);
      if (ttl !== Number.POSITIVE_INFINITY && !(await renew(channel, id, hold))) return false;
    }
    return true;
  }

  /** Takes a lock, holds it for a while, and perhaps gives it back. */
  async function holdOnce(
    channel: Channel,
    id: string,
    createdAt: number,
    ttl: number,
  ): Promise<Hold | null> {
    const key = dice.pick(["locks/1", "locks/2"]);
    const request = { token: "", operation: operationOn("acquire", key, id) };
    const fence = await ask(channel, { method: "KVS.Acquire", request, ...patience });
    if (fence === undefined) return null; // it may hold the lock, and does not know
    if (Number(fence) === 0) {
      await parts.sleep(dice.between(100, 3_000));
      return null;
    }
    counts.locks += 1;
    const hold = checker.acquired(key, id, Number(fence), createdAt + ttl, clock.now(), ttl);
    const isThere = await keep(channel, key, id, hold, ttl);
    if (!isThere || dice.chance(0.2)) return hold;
    hold.ending();
    const back = { token: "", operation: operationOn("release", key, id) };
    await ask(channel, { method: "KVS.Release", request: back, ...patience });
    return hold;
  }

  return async (channel) => {
    // A clock that jumps ends sessions early, and nobody promised otherwise.
    if (options.clocksJump) return;
    const node = `node-of-${channel.name}`;
    while (!parts.isFinished() && !(await register(channel, node))) await parts.untilBusy();
    while (!parts.isFinished()) {
      await parts.untilBusy();
      if (parts.isFinished()) return;
      const ttl = dice.pick(ttls);
      const createdAt = clock.now();
      const id = await createSession(channel, node, ttl);
      if (id === null) continue;
      // One hold a session: what a lost answer may have done ends with the session.
      const hold = await holdOnce(channel, id, createdAt, millisOf(ttl));
      if (ttl !== "" && dice.chance(0.3)) continue; // forgotten: its TTL ends it
      hold?.ending();
      const request = { token: "", operation: { verb: "destroy", id }, datacenter: "" } as const;
      await ask(channel, { method: "Session.Apply", request, ...patience });
    }
  };
}
