// The clients of a run. Each does one thing at a time, from any server, through the network; all are busy in bursts and
// quiet in lulls, in which the group may sleep. What they saw goes to the checkers.

import type { U64 } from "../../shared/base/brand.ts";
import { errors } from "../../shared/errors.ts";
import type { DirEntry, KvOperation } from "../../shared/structs/kv.ts";
import type { Consistency, QueryOptions, Reply } from "../../shared/structs/query.ts";
import { indexNeverFalls } from "./checkers/anytime-index-never-falls.ts";
import { checkToldInTime } from "./checkers/anytime-watchers-are-told.ts";
import { kvLinearizable, type OperationHandle } from "./checkers/anytime-kv-linearizable.ts";
import { type Agent, createAgent } from "./agents.ts";
import { createTransactors } from "./transactors.ts";
import { createLockers } from "./lockers.ts";
import { type Answer, type Channel, linkChannel, straightChannel } from "./channels.ts";
import type { Cluster, World } from "./cluster.ts";

export type WorkloadCounts = {
  sessions: number;
  locks: number;
  renewals: number;
  writes: number;
  reads: number;
  staleReads: number;
  blocking: number;
  unknown: number;
  transactions: number;
  transactionsRead: number;
  expiring: number;
};

export type Workload = {
  readonly counts: WorkloadCounts;
  readonly agents: readonly Agent[];
  /** Clients are busy until `endBurst`. */
  beginBurst(): void;
  endBurst(): void;
  /** Nobody begins anything new. */
  finish(): void;
  /** Clients that wait for an answer now. */
  inFlight(): number;
  /** What is left to check when all is over. */
  checkAll(): void;
  undecided(): number;
  /** Keys that were asked for lately. */
  keysUsed(): readonly string[];
};

/** What a client knows of a key from its last read. */
type Known = { readonly value: number; readonly modifyIndex: number };

const operationsPerKey = 60;

/** base64 of the decimal; small enough to be done by hand a million times. */
const encodeValue = (value: number): string => btoa(String(value));
const decodeValue = (entry: DirEntry | null): number =>
  entry === null ? 0 : Number(atob(entry.Value ?? ""));

/** The workload of one cluster; it begins with the first burst. */
export function createWorkload(world: World, cluster: Cluster): Workload {
  const { clock, dice, options, trace } = world;
  const counts: WorkloadCounts = {
    sessions: 0,
    locks: 0,
    renewals: 0,
    writes: 0,
    reads: 0,
    staleReads: 0,
    blocking: 0,
    unknown: 0,
    transactions: 0,
    transactionsRead: 0,
    expiring: 0,
  };
  const kv = kvLinearizable();
  const indexes = indexNeverFalls();
  const keys: { name: string; left: number }[] = [];
  let keysMade = 0;
  let epoch = 0;
  let busy = false;
  let finished = false;
  let inFlight = 0;
  let retired: string[] = [];
  let waiting: (() => void)[] = [];

  const sleep = (millis: number) => new Promise<void>((resolve) => clock.after(millis, resolve));
  const untilBusy = () =>
    busy ? Promise.resolve() : new Promise<void>((resolve) => void waiting.push(resolve));

  const newKey = (at: number): void => {
    const old = keys[at];
    if (old !== undefined) retired.push(old.name);
    keysMade += 1;
    // Directories of a few keys, so that prefixes mean something.
    keys[at] = { name: `k${keysMade % 3}/${keysMade}`, left: operationsPerKey + dice.between(0, 60) };
  };
  for (let at = 0; at < options.keys; at += 1) newKey(at);

  const pickKey = (): string => {
    const at = dice.between(0, options.keys - 1);
    const key = keys[at]!;
    key.left -= 1;
    if (key.left <= 0) newKey(at);
    return key.name;
  };

  const optionsOf = (consistency: Consistency, minIndex = 0, waitMillis = 0): QueryOptions => ({
    datacenter: "",
    token: "",
    consistency,
    minIndex,
    waitMillis,
  });

  async function ask<T>(body: () => Promise<T>): Promise<T> {
    inFlight += 1;
    try {
      return await body();
    } finally {
      inFlight -= 1;
    }
  }

  /** A write's outcome: done (with its answer), surely not done, or nobody knows. */
  const settle = (handle: OperationHandle, answer: Answer): boolean => {
    if (answer?.ok === true) {
      handle.answered(answer.value === true ? 1 : 0);
      counts.writes += 1;
      return true;
    }
    if (answer === null || errors[answer.error.code].retry === "unknown") counts.unknown += 1;
    else handle.refused();
    return false;
  };

  const operationOn = (key: string, known: Known): [KvOperation, OperationHandle] => {
    const value = kv.newValue();
    const flags = "0" as U64;
    const roll = dice.roll();
    if (roll < 0.6) {
      const handle = kv.begin(key, { kind: "write", value });
      return [{ verb: "set", key, value: encodeValue(value), flags }, handle];
    }
    if (roll < 0.85) {
      const handle = kv.begin(key, { kind: "cas", value, expected: known.value });
      const modifyIndex = known.modifyIndex;
      return [{ verb: "cas", key, value: encodeValue(value), flags, modifyIndex }, handle];
    }
    if (roll < 0.93 || known.value === 0) {
      return [{ verb: "delete", key }, kv.begin(key, { kind: "write", value: 0 })];
    }
    const handle = kv.begin(key, { kind: "deleteCas", expected: known.value });
    return [{ verb: "delete-cas", key, modifyIndex: known.modifyIndex }, handle];
  };

  const write = async (channel: Channel, known: Map<string, Known>): Promise<boolean> => {
    const key = pickKey();
    const [operation, handle] = operationOn(key, known.get(key) ?? { value: 0, modifyIndex: 0 });
    const answer = await channel.ask({
      method: "KVS.Apply",
      request: { token: "", operation },
      mayMeetOlder: true,
      timeoutMillis: dice.chance(0.05) ? dice.between(1, 200) : 20_000,
      hangsUp: true,
    });
    known.delete(key);
    traceAnswer(answer);
    return settle(handle, answer);
  };

  const traceAnswer = (answer: Answer): void => {
    trace.text(answer === null ? "-" : answer.ok ? JSON.stringify(answer.value) : answer.error.code);
  };

  const read = async (channel: Channel, known: Map<string, Known>): Promise<boolean> => {
    const key = pickKey();
    const consistency = dice.pick(["default", "default", "consistent", "stale"] as const);
    // With clocks that jump a lease is worth nothing.
    const isChecked = consistency === "consistent" || (consistency === "default" && !options.clocksJump);
    const handle = isChecked ? kv.begin(key, { kind: "read" }) : null;
    const server = channel.server();
    const epochBefore = epoch;
    // A server that has no state yet lets the leader answer for it.
    const hasState = (cluster.nodeOf(server)?.peek()?.status().appliedIndex ?? 0) > 0;
    const answer = await channel.ask({
      method: "KVS.Get",
      request: { key, options: optionsOf(consistency) },
      mayMeetOlder: consistency !== "stale",
      timeoutMillis: 20_000,
      hangsUp: dice.chance(0.5),
    });
    traceAnswer(answer);
    if (answer === null || !answer.ok) return false;
    const { meta, value: entry } = answer.value as Reply<DirEntry | null>;
    const value = decodeValue(entry);
    handle?.answered(value);
    counts[consistency === "stale" ? "staleReads" : "reads"] += 1;
    kv.seen(key, value, entry?.ModifyIndex ?? 0);
    known.set(key, { value, modifyIndex: entry?.ModifyIndex ?? 0 });
    if (isChecked || (consistency === "stale" && hasState && epoch === epochBefore)) {
      const client = channel.name;
      indexes.answered({ client, server, query: key, consistency, minIndex: 0 }, meta.index);
    }
    return true;
  };

  async function client(channel: Channel): Promise<void> {
    const known = new Map<string, Known>();
    while (!finished) {
      const isNewBurst = !busy;
      await untilBusy();
      if (finished) return;
      if (isNewBurst && options.staggerMillisMax > 0) await sleep(dice.between(0, options.staggerMillisMax));
      if (dice.chance(0.05)) channel.turnAway();
      const done = await ask(() => (dice.chance(0.45) ? write : read)(channel, known));
      if (!done) {
        channel.turnAway();
        await sleep(dice.between(0, 100));
      }
      if (known.size > 50) known.clear();
      await sleep(dice.between(0, options.pauseMillisMax));
    }
  }

  /** Asks for one key or prefix again and again, and is told when it changed. */
  async function watcher(channel: Channel): Promise<void> {
    while (!finished) {
      await untilBusy();
      if (finished) return;
      const key = keys[dice.between(0, options.keys - 1)]!.name;
      const prefix = dice.chance(0.5) ? key : `${key.split("/")[0]}/`;
      let index = 1;
      for (let round = 0; round < 20 && !finished && busy; round += 1) {
        const asked = index;
        const answer = await ask(() => watchOnce(channel, key, prefix, asked));
        if (answer === null) {
          channel.turnAway();
          await sleep(200);
          break;
        }
        index = answer;
      }
    }
  }

  const watchOnce = async (
    channel: Channel,
    key: string,
    prefix: string,
    minIndex: number,
  ): Promise<number | null> => {
    const consistency = dice.pick(["default", "stale"] as const);
    const waitMillis = dice.between(100, 40_000);
    const asked = optionsOf(consistency, minIndex, waitMillis);
    const epochBefore = epoch;
    const askedAt = clock.now();
    const common = { timeoutMillis: waitMillis + 15_000, hangsUp: true };
    const server = channel.server();
    const hasState = (cluster.nodeOf(server)?.peek()?.status().appliedIndex ?? 0) > 0;
    const answer = await (prefix === key
      ? channel.ask({ ...common, method: "KVS.Get", request: { key, options: asked } })
      : channel.ask({ ...common, method: "KVS.List", request: { prefix, options: asked } }));
    traceAnswer(answer);
    if (answer === null || !answer.ok) return null;
    const { meta, value } = answer.value as Reply<DirEntry | null | readonly DirEntry[]>;
    counts.blocking += 1;
    const entries =
      value === null ? [] : Array.isArray(value) ? (value as readonly DirEntry[]) : [value as DirEntry];
    for (const entry of entries) kv.seen(entry.Key, decodeValue(entry), entry.ModifyIndex);
    const changed = entries.filter((entry) => entry.ModifyIndex > minIndex);
    if (consistency === "stale" && epoch === epochBefore)
      checkToldInTime(world, cluster, { server, query: prefix, since: askedAt }, changed);
    if (consistency === "stale" && hasState && epoch === epochBefore) {
      indexes.answered({ client: channel.name, server, query: prefix, consistency, minIndex }, meta.index);
    }
    return meta.index;
  };

  const run = (body: Promise<void>): void => {
    body.catch(cluster.fail);
  };
  const lockers = createLockers(
    {
      world,
      isFinished: () => finished,
      onRecovered: cluster.recoveries.onRecovered,
      untilBusy,
      sleep,
      counted: ask,
    },
    counts,
  );
  const transactors = createTransactors(
    {
      ...{ world, cluster, kv, untilBusy, sleep, counted: ask },
      isFinished: () => finished,
      retire: (key) => void retired.push(key),
    },
    counts,
  );
  const agents: Agent[] = [];
  for (let i = 1; i <= options.clients; i += 1) run(client(straightChannel(world, cluster, `client-${i}`)));
  for (let i = 1; i <= options.watchers; i += 1)
    run(watcher(straightChannel(world, cluster, `watcher-${i}`)));
  for (let i = 1; i <= options.lockers; i += 1) {
    run(lockers(straightChannel(world, cluster, `locker-${i}`)));
  }
  for (let i = 1; i <= options.transactors; i += 1) {
    run(transactors(straightChannel(world, cluster, `transactor-${i}`)));
  }
  for (let i = 1; i <= options.agents; i += 1) {
    const agent = createAgent(world, cluster, `agent-${i}`);
    agents.push(agent);
    run(client(linkChannel(agent, `${agent.name} client`)));
    run(watcher(linkChannel(agent, `${agent.name} watcher`)));
  }

  cluster.recoveries.onRecovered((keptValue) => kv.recovered(keptValue));
  cluster.onForgotten(() => {
    epoch += 1;
    indexes.forgetAll();
  });

  return {
    counts,
    agents,
    beginBurst() {
      busy = true;
      const released = waiting;
      waiting = [];
      for (const resolve of released) resolve();
    },
    endBurst() {
      busy = false;
      // Nobody uses these keys any more, once what is under way has ended.
      if (inFlight > 0) return;
      for (const key of retired) {
        kv.retire(key);
        indexes.forget(key);
      }
      retired = [];
    },
    finish() {
      finished = true;
      busy = false;
      const released = waiting;
      waiting = [];
      for (const resolve of released) resolve();
    },
    inFlight: () => inFlight,
    checkAll: () => kv.retireAll(),
    keysUsed: () => [...retired.slice(-20), ...keys.map((key) => key.name)],
    undecided: () => kv.counts().undecided,
  };
}
