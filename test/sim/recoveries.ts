// What the checkers must know of a recovery from a lost majority: which of the servers are of an epoch that is over,
// and what the survivor kept. From then on all that it kept is committed, and nothing else ever was.

import { applyCommand } from "../../shared/fsm/apply.ts";
import { entriesBetween, lastIndex } from "../../shared/raft/log.ts";
import type { RaftState } from "../../shared/raft/state.ts";
import type { LogIndex } from "../../shared/raft/types.ts";
import { rowAt } from "../../shared/state/kv.ts";
import { createTables } from "../../shared/state/schema.ts";
import { isRaftsOwn } from "../../worker/server/raft-status.ts";
import { memorySql } from "../support/memory-sql.ts";
import type { AppliedChecker } from "./checkers/anytime-applied-state-equal.ts";
import type { LeaderCompletenessChecker } from "./checkers/anytime-leader-completeness.ts";

export type Recovered = {
  readonly epoch: number;
  /** The survivor's log ended here. */
  readonly kept: LogIndex;
  /** All that was committed up to here was kept, and nothing that was committed above. */
  readonly common: LogIndex;
  /** The end of what was known to be committed before. */
  readonly committed: LogIndex;
};

/** The value of a key as the simulator's clients write them; 0: there is none. */
export type ValueOf = (key: string) => number;

export type Recoveries = {
  /** Is this server's state of an epoch that is over? */
  isLeftBehind(id: string): boolean;
  /** Told of every step; what to note, once it is durable, when this step began a new epoch. */
  stepped(id: string, state: RaftState): (() => void) | null;
  newest(): Recovered | null;
  onRecovered(listener: (keptValue: ValueOf) => void): void;
};

/** Follows the epochs of a cluster whose checkers are these. */
export function createRecoveries(
  applied: AppliedChecker,
  completeness: LeaderCompletenessChecker,
  started: (recovered: Recovered) => void,
): Recoveries {
  const epochs = new Map<string, number>();
  const listeners: ((keptValue: ValueOf) => void)[] = [];
  let newest: Recovered | null = null;

  /** The commands in the survivor's log; below its base all is applied, and known by that. */
  const commandsOf = (state: RaftState, kept: LogIndex): ReadonlyMap<LogIndex, string> => {
    const commands = new Map<LogIndex, string>();
    for (let index = state.log.base.index + 1; index <= kept; ) {
      for (const entry of entriesBetween(state.log, index, kept, 1_000_000)) {
        if (!isRaftsOwn(entry)) commands.set(entry.index, entry.command);
        index = entry.index + 1;
      }
    }
    return commands;
  };

  /** Replays what was kept. */
  const valuesOf = (common: LogIndex, commands: ReadonlyMap<LogIndex, string>): ValueOf => {
    const all = new Map<LogIndex, string>();
    for (const [index, { command }] of applied.history()) if (index <= common) all.set(index, command);
    for (const [index, command] of commands) all.set(index, command);
    const sql = memorySql();
    createTables(sql);
    sql.transaction(() => {
      for (const [index, command] of [...all].sort(([a], [b]) => a - b)) applyCommand(sql, index, command);
    });
    return (key) => Number(atob(rowAt(sql, key)?.entry.Value ?? ""));
  };

  return {
    isLeftBehind: (id) => (epochs.get(id) ?? 0) < (newest?.epoch ?? 0),
    newest: () => newest,
    onRecovered: (listener) => void listeners.push(listener),
    stepped(id, state) {
      const { epoch } = state.hard;
      const before = epochs.get(id) ?? 0;
      epochs.set(id, epoch);
      // A recovery that a crash undid may come again, with the same number.
      if (epoch <= before || epoch <= (newest?.epoch ?? 0) || state.leading === null) return null;
      const kept = lastIndex(state.log) - 1; // the newest entry is the forced configuration
      const commands = commandsOf(state, kept);
      const note = completeness.recovered(state, kept);
      return () => {
        const committed = completeness.committedIndex();
        const common = note();
        newest = { epoch, kept, common, committed };
        const keptValue = valuesOf(common, commands);
        applied.recovered(common, commands);
        started(newest);
        for (const listener of listeners) listener(keptValue);
      };
    },
  };
}
