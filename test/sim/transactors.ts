// Clients of /v1/txn and of keys that expire, beside those of single keys (workload.ts).
//
// A transaction writes or deletes both keys of a pair, which nobody else writes; so whoever reads the pair at once sees
// what one transaction wrote. Some hold an operation that must fail, and then nothing of them may ever be seen.

import type { U64 } from "../../shared/base/brand.ts";
import { errors } from "../../shared/errors.ts";
import type { DirEntry } from "../../shared/structs/kv.ts";
import type { Consistency, Reply } from "../../shared/structs/query.ts";
import type { TxnAnswer, TxnKvOperation } from "../../shared/structs/txn.ts";
import { transactionsAreAtomic } from "./checkers/anytime-transactions-are-atomic.ts";
import type { KvChecker, OperationHandle } from "./checkers/anytime-kv-linearizable.ts";
import type { Answer, Channel } from "./channels.ts";
import type { Cluster, World } from "./cluster.ts";

export type TransactorWorld = {
  readonly world: World;
  readonly cluster: Cluster;
  readonly kv: KvChecker;
  isFinished(): boolean;
  untilBusy(): Promise<void>;
  sleep(millis: number): Promise<void>;
  counted<T>(body: () => Promise<T>): Promise<T>;
  /** A key goes out of use. */
  retire(key: string): void;
};

export type TransactorCounts = { transactions: number; transactionsRead: number; expiring: number };

const operationsPerPair = 40;
const flags = "0" as U64;
const encode = (value: number): string => btoa(String(value));
const decode = (entry: DirEntry | undefined): number =>
  entry === undefined ? 0 : Number(atob(entry.Value ?? ""));

const operation = (verb: string, key: string, value = 0, index = 0): TxnKvOperation => ({
  type: "KV",
  ...{ verb, key, value: value === 0 ? null : encode(value), flags, index, session: "" },
});

/** The clients of one run, each on its channel; they share the pairs. */
export function createTransactors(
  parts: TransactorWorld,
  counts: TransactorCounts,
): (channel: Channel) => Promise<void> {
  const { world, cluster, kv } = parts;
  const { clock, dice, options, trace } = world;
  const atomic = transactionsAreAtomic();
  let generation = 1;
  let left = operationsPerPair;
  let expiringMade = 0;

  const pair = (): readonly [string, string] => {
    left -= 1;
    if (left <= 0) {
      for (const name of ["a", "b"]) parts.retire(`txn/${generation}/${name}`);
      generation += 1;
      left = operationsPerPair;
    }
    return [`txn/${generation}/a`, `txn/${generation}/b`];
  };

  const query = (consistency: Consistency) =>
    ({ datacenter: "", token: "", consistency, minIndex: 0, waitMillis: 0 }) as const;

  const ask = async (channel: Channel, asked: Parameters<Channel["ask"]>[0]): Promise<Answer> => {
    const answer = await parts.counted(() => channel.ask(asked));
    trace.text(answer === null ? "-" : answer.ok ? "ok" : answer.error.code);
    if (answer?.ok !== true) channel.turnAway();
    return answer;
  };
  const patience = { timeoutMillis: 15_000, hangsUp: true } as const;

  /** Done, surely not done, or nobody knows. */
  const settle = (handles: readonly OperationHandle[], answer: Answer): void => {
    for (const handle of handles) {
      if (answer?.ok === true) handle.answered(1);
      else if (answer !== null && errors[answer.error.code].retry !== "unknown") handle.refused();
    }
  };

  async function write(channel: Channel): Promise<void> {
    const keys = pair();
    const deletes = dice.chance(0.1);
    const values = keys.map(() => (deletes ? 0 : kv.newValue()));
    const fails = dice.chance(0.2);
    const handles = keys.map((key, n) => kv.begin(key, { kind: "write", value: values[n] ?? 0 }));
    const operations = keys.map((key, n) => operation(deletes ? "delete" : "set", key, values[n]));
    if (fails) {
      // No key ever has this index.
      operations.splice(dice.between(0, 2), 0, operation("cas", keys[0], 1, Number.MAX_SAFE_INTEGER));
      for (const handle of handles) handle.refused();
    } else atomic.writes(values);
    const request = { token: "", operations, datacenter: "" };
    const answer = await ask(channel, { method: "Txn.Apply", request, mayMeetOlder: true, ...patience });
    if (answer?.ok === true) {
      counts.transactions += 1;
      const { Errors } = answer.value as TxnAnswer;
      if ((Errors !== null) !== fails)
        throw new Error(`a transaction answers ${JSON.stringify(answer.value)}`);
    }
    if (!fails) settle(handles, answer);
  }

  async function read(channel: Channel): Promise<void> {
    const keys = pair();
    const consistency = dice.pick(["default", "consistent", "stale"] as const);
    const isChecked = consistency === "consistent" || (consistency === "default" && !options.clocksJump);
    const handles = isChecked ? keys.map((key) => kv.begin(key, { kind: "read" })) : [];
    const operations = [operation("get-tree", keys[0].slice(0, -1))];
    const request = { operations, options: query(consistency) };
    const answer = await ask(channel, { method: "Txn.Read", request, mayMeetOlder: isChecked, ...patience });
    if (answer?.ok !== true) return;
    counts.transactionsRead += 1;
    const { Results } = (answer.value as Reply<TxnAnswer>).value;
    const entries = (Results ?? []).flatMap((result) => ("KV" in result ? [result.KV] : []));
    const found = keys.map((key) => entries.find(({ Key }) => Key === key));
    const values = found.map(decode);
    atomic.read(keys[0], values, found);
    for (const [n, handle] of handles.entries()) handle.answered(values[n] ?? 0);
    for (const [n, key] of keys.entries()) kv.seen(key, values[n] ?? 0, found[n]?.ModifyIndex ?? 0);
  }

  /** A key that goes by itself, not before its time; at the end finally-nothing-overdue looks for those that stayed. */
  async function expiring(channel: Channel): Promise<void> {
    expiringMade += 1;
    const key = `ttl/${expiringMade}`;
    const value = kv.newValue();
    const ttlMillis = dice.between(1_000, 40_000);
    const handle = kv.begin(key, { kind: "write", value });
    kv.begin(key, { kind: "deleteCas", expected: value }); // whenever the leader finds that it is time
    const sentAt = clock.now();
    const recovery = cluster.recoveries.newest();
    const set = { verb: "set", key, value: encode(value), flags, ttlMillis } as const;
    const answer = await ask(channel, {
      method: "KVS.Apply",
      request: { token: "", operation: set },
      ...patience,
    });
    settle([handle], answer);
    if (answer?.ok === true) counts.expiring += 1;
    await parts.sleep(dice.between(0, ttlMillis * 1.5));
    const reading = kv.begin(key, { kind: "read" });
    const request = { key, options: query("consistent") };
    const found = await ask(channel, { method: "KVS.Get", request, ...patience });
    if (found?.ok === true) {
      const shown = decode((found.value as Reply<DirEntry | null>).value ?? undefined);
      reading.answered(shown);
      // Clocks that differ are worth no promise of time.
      const isSure = answer?.ok === true && !options.clocksDrift && !options.clocksJump;
      const isEarly = clock.now() < sentAt + ttlMillis && cluster.recoveries.newest() === recovery;
      if (isSure && isEarly && shown !== value) throw new Error(`${key} expired before its time`);
    }
    parts.retire(key);
  }

  return async (channel) => {
    while (!parts.isFinished()) {
      await parts.untilBusy();
      if (parts.isFinished()) return;
      const roll = dice.roll();
      await (roll < 0.45 ? write : roll < 0.85 ? read : expiring)(channel);
      await parts.sleep(dice.between(0, options.pauseMillisMax * 4));
    }
  };
}
