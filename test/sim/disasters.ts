// What no server comes back from: rows of a disk that rot, and the loss of a majority for good, after which an operator
// recovers on a survivor (legate operator raft recover) and is held to what that printed.

import type { RecoveryReport } from "../../shared/structs/raft-configuration.ts";
import type { Cluster, World } from "./cluster.ts";
import type { ServerNode } from "./server-node.ts";

export type Disasters = {
  /** Perhaps one happens now. */
  tick(): void;
  /** Nothing else may happen meanwhile: an operator who cannot see who is alive must not recover. */
  isUnderWay(): boolean;
  /** The faults are over: what needs an operator now gets one. */
  finish(): void;
  readonly counts: DisasterCounts;
};

export type DisasterCounts = {
  rotten: number;
  majoritiesLost: number;
  recoveries: number;
  entriesLost: number;
};

const attemptMillis = 3_000;
const attemptsMax = 60;
/** Longer than the slowest disk, so that what was not answered by then did not happen, or is known. */
const patienceMillis = 10_000;

/** How rows rot. What is taken off the log's very end cannot be told from what was never written. */
const damages: readonly string[] = [
  "UPDATE raft_log SET entries = substr(entries, 1, length(entries) / 2) WHERE first_index = ?",
  "UPDATE raft_log SET entries = replace(entries, '\"v\":1', '\"v\":2') WHERE first_index = ?",
  "UPDATE raft_log SET entries = replace(entries, 'a', 'b') WHERE first_index = ?",
  "UPDATE raft_log SET entries = '[[1]]' WHERE first_index = ?",
  "UPDATE raft_log SET last_index = last_index + 1 WHERE first_index = ?",
  "DELETE FROM raft_log WHERE first_index = ? AND first_index < (SELECT max(first_index) FROM raft_log)",
  "UPDATE raft_hard SET term = 'x' WHERE ? > 0",
  "UPDATE raft_configurations SET configuration = '{' WHERE ? > 0",
  "DELETE FROM raft_log WHERE ? > 0 AND (SELECT count(*) FROM raft_log) > 300",
];

/** The disasters of one run: at most one of each. */
export function createDisasters(world: World, cluster: Cluster): Disasters {
  const { clock, dice, options, trace } = world;
  const counts: DisasterCounts = { rotten: 0, majoritiesLost: 0, recoveries: 0, entriesLost: 0 };
  let left = options.disaster;
  let underWay = false;

  /** The voters as one that leads sees them, all of them alive; null when it is no good moment. */
  const votersNow = (): readonly ServerNode[] | null => {
    const leader = cluster.nodes.find((node) => node.peek()?.status().role === "leader");
    const servers =
      leader
        ?.peek()
        ?.raft.configuration()
        .servers.filter(({ voter }) => voter) ?? [];
    const nodes = servers.map(({ id }) => cluster.nodeOf(id)).filter((node) => node !== undefined);
    const isGood = nodes.length >= 3 && nodes.length % 2 === 1 && nodes.every((node) => !node.isLost());
    // A change that is under way would make another group of it.
    const views = new Set(nodes.map((node) => JSON.stringify(node.peek()?.raft.configuration().servers)));
    return isGood && views.size === 1 ? nodes : null;
  };

  const rot = (voters: readonly ServerNode[]): void => {
    const node = dice.pick(voters);
    const statement = dice.pick(damages);
    const rows = node.disk.inspect("SELECT first_index FROM raft_log");
    const at = rows.length === 0 ? 0 : dice.pick(rows).first_index;
    world.log(`— rot ${node.id}: ${statement} ${String(at)}`);
    node.rot((sql) => void sql.exec(statement, Number(at)));
    counts.rotten += 1;
    node.life();
  };

  const loseMajority = (voters: readonly ServerNode[]): void => {
    const least = Math.ceil(voters.length / 2);
    const number = dice.between(least, voters.length - 1);
    const pool = [...voters];
    for (let n = 0; n < number; n += 1) {
      const [node] = pool.splice(dice.between(0, pool.length - 1), 1);
      world.log(`— lost for good ${node?.id}`);
      node?.lose();
    }
    counts.majoritiesLost += 1;
    underWay = true;
    clock.after(dice.between(0, 10_000), () => operate(pool, 1));
  };

  /**
   * The operator goes from survivor to survivor until one of them may do it: first those that had a vote, then also whom
   * a refusal names as holding more, and everybody who is left where the voters that survive hold nothing.
   */
  const operate = (survivors: ServerNode[], attempt: number): void => {
    cluster.network.heal();
    for (const node of survivors) node.comeUp();
    if (cluster.recoveries.newest() !== null || attempt > attemptsMax) {
      underWay = false;
      return;
    }
    const node = survivors[attempt % survivors.length];
    // One survivor at a time: two that are forced at once would be two groups.
    const done = node === undefined ? Promise.resolve() : recoverOn(node, survivors);
    done.then(() => clock.after(attemptMillis, () => operate(survivors, attempt + 1)), cluster.fail);
  };

  const ask = (node: ServerNode, epoch: number): Promise<RecoveryReport | string> =>
    new Promise((resolve) => {
      const life = node.life();
      const request = { datacenter: "", token: "", epoch };
      const asked = life?.use((server) => server.backend.call("Operator.RaftRecover", request));
      if (asked === undefined || asked === null) return resolve("down");
      clock.after(patienceMillis, () => resolve("no answer"));
      asked.then((found) => {
        // The answer leaves when what it tells of is durable.
        life?.say(() => resolve(found.ok ? found.value : JSON.stringify(found.error)));
      }, cluster.fail);
    });

  const widen = (survivors: ServerNode[], refusal: string): void => {
    const isMeant = ({ id }: ServerNode): boolean =>
      refusal.includes("has no state") || refusal.includes(`${id} (`);
    survivors.push(
      ...cluster.nodes.filter((node) => isMeant(node) && !node.isLost() && !survivors.includes(node)),
    );
  };

  const recoverOn = async (node: ServerNode, survivors: ServerNode[]): Promise<void> => {
    const plan = await ask(node, 0);
    world.log(`${node.id} recovery: ${JSON.stringify(plan)}`);
    if (typeof plan === "string") {
      widen(survivors, plan);
      return trace.text("refused");
    }
    const report = await ask(node, plan.epoch);
    world.log(`${node.id} recovers: ${JSON.stringify(report)}`);
    if (typeof report === "string") return trace.text("refused");
    checkPromise(report);
  };

  /** An acknowledged write survives exactly when the report says so. */
  const checkPromise = ({ server, epoch, commitIndex, lastIndex }: RecoveryReport): void => {
    const newest = cluster.recoveries.newest();
    if (newest?.epoch !== epoch)
      throw new Error(`${server} says that it recovered, and is in no epoch ${epoch}`);
    counts.recoveries += 1;
    counts.entriesLost += Math.max(0, newest.committed - newest.common);
    const kept = `up to ${newest.common} of ${newest.committed} committed, its log up to ${newest.kept}`;
    if (lastIndex !== newest.kept || commitIndex > newest.common) {
      throw new Error(`${server} promised to keep ${commitIndex} to ${lastIndex}, and kept ${kept}`);
    }
  };

  return {
    counts,
    isUnderWay: () => underWay,
    tick() {
      if (left === "none" || underWay || !dice.chance(0.25)) return;
      const voters = votersNow();
      if (voters === null) return;
      const kind = left;
      left = "none";
      trace.text(kind);
      if (kind === "rot") rot(voters);
      else loseMajority(voters);
    },
    finish() {
      left = "none";
    },
  };
}
