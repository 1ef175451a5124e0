// Servers under test without a network or a disk: steps are taken by hand, storage is a list, messages are a list.

import { raftConfig, type RaftMode } from "../../../shared/raft/config.ts";
import { emptyHardState, newRaftState, type RaftState, type Restored } from "../../../shared/raft/state.ts";
import { logEnd, step } from "../../../shared/raft/step.ts";
import type {
  Configuration,
  Entry,
  HardState,
  RaftEffects,
  RaftInput,
  RaftMessage,
  ServerId,
} from "../../../shared/raft/types.ts";

export const [a, b, c] = ["a", "b", "c"] as [ServerId, ServerId, ServerId];

/** A configuration of voters. */
export function group(ids: readonly ServerId[]): Configuration {
  return { servers: ids.map((id) => ({ id, address: `${id}:8300`, voter: true })), outgoing: [] };
}

export type Bench = {
  readonly state: RaftState;
  readonly sent: RaftMessage[];
  readonly applied: Entry[];
  /** Takes an input and everything that the driver would feed back. */
  take(input: RaftInput, now: number): RaftEffects;
  hear(
    message: { kind: RaftMessage["kind"]; from: ServerId; term: number } & Record<string, unknown>,
    now: number,
  ): RaftEffects;
};

/** Server "a" of three with this log (terms by index from 1) and hard state. */
export function bench(
  terms: readonly number[] = [],
  hard: Partial<HardState> = {},
  options: { mode?: RaftMode; members?: readonly ServerId[]; applied?: number } = {},
): Bench {
  const entries = terms.map((term, i) => ({ index: i + 1, term, command: `c${i + 1}` }));
  const restored: Restored = {
    hard: { ...emptyHardState, ...hard },
    base: { index: 0, term: 0 },
    lastIndex: entries.length,
    tail: entries,
    appliedIndex: options.applied ?? 0,
    configurations:
      options.members?.length === 0 ? [] : [{ index: 0, configuration: group(options.members ?? [a, b, c]) }],
    snapshot: null,
    receiving: null,
    snapshotReader: { chunk: () => null },
    reader: { entries: (from, to) => entries.slice(from - 1, to) },
  };
  const state = newRaftState(raftConfig(a, options.mode ?? "awake"), restored, 1);
  const sent: RaftMessage[] = [];
  const applied: Entry[] = [];
  const take = (input: RaftInput, now: number): RaftEffects => {
    const effects = step(state, input, now);
    sent.push(...effects.sendNow, ...effects.sendAfterPersist);
    if (effects.persist !== null) take({ kind: "persisted", last: logEnd(state) }, now);
    applied.push(...effects.apply);
    if (effects.apply.length > 0) take({ kind: "applied", index: effects.apply.at(-1)!.index }, now);
    return effects;
  };
  return {
    state,
    sent,
    applied,
    take,
    hear: (message, now) =>
      take(
        { kind: "message", message: { to: a, transfer: null, ...message } as unknown as RaftMessage },
        now,
      ),
  };
}

/** Makes the server of `bench` the leader of the next term. */
export function elect(it: Bench, now: number): void {
  it.take({ kind: "wake" }, now - 60_000);
  it.take({ kind: "wake" }, now);
  it.hear({ kind: "preVoteReply", from: b, term: it.state.hard.term + 1, granted: true }, now);
  it.hear({ kind: "voteReply", from: b, term: it.state.hard.term, granted: true }, now);
  it.sent.length = 0;
}
