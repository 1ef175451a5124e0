// Several cores on one bench: pure step functions, storage as lists, messages in flight as a list that the test
// delivers. Time moves only when the test says so. Everything is deterministic.

import { raftConfig, type RaftMode } from "../../../shared/raft/config.ts";
import { configurationOfEntry } from "../../../shared/raft/membership.ts";
import { termAt } from "../../../shared/raft/log.ts";
import { emptyHardState, newRaftState, type RaftState } from "../../../shared/raft/state.ts";
import { compacted, logEnd, step } from "../../../shared/raft/step.ts";
import type {
  Configuration,
  Entry,
  HardState,
  IndexedConfiguration,
  LogPosition,
  PersistBatch,
  RaftAnswer,
  RaftEffects,
  RaftInput,
  RaftMessage,
  ReceivedSnapshot,
  ServerId,
  SnapshotCut,
} from "../../../shared/raft/types.ts";

/** What survives a crash of one server. */
export type Disk = {
  hard: HardState;
  base: LogPosition;
  entries: Entry[]; // above base
  configurations: IndexedConfiguration[];
  /** The state machine: everything it ever applied. */
  applied: Entry[];
  cut: { readonly cut: SnapshotCut; readonly chunks: readonly string[] } | null;
  receiving: ReceivedSnapshot | null;
  staged: string[];
};

export type Core = {
  readonly id: ServerId;
  readonly disk: Disk;
  state: RaftState;
  wakeAt: number | null;
  urgency: "timer" | "alarm";
  isUp: boolean;
  readonly answers: RaftAnswer[];
};

export type StepFunction = typeof step;

export class CoreCluster {
  now = 100_000;
  readonly cores = new Map<string, Core>();
  inFlight: RaftMessage[] = [];
  readonly #cuts = new Set<string>();
  readonly #mode: RaftMode;
  /** Raft's step, or one with a bug in it. */
  takeStep: StepFunction = step;
  /** Told of every message that is delivered or dropped. */
  onMessage: (message: RaftMessage, fate: "delivered" | "dropped") => void = () => {};

  constructor(mode: RaftMode = "awake") {
    this.#mode = mode;
  }

  /** A server with an empty disk; `configuration` null: not bootstrapped. */
  add(
    id: string,
    configuration: Configuration | null,
    hard: Partial<HardState> = {},
    entries: readonly Entry[] = [],
  ): Core {
    const disk: Disk = {
      hard: { ...emptyHardState, ...hard },
      base: { index: 0, term: 0 },
      entries: [...entries],
      cut: null,
      receiving: null,
      staged: [],
      configurations: configuration === null ? [] : [{ index: 0, configuration }],
      applied: [],
    };
    return this.#boot(id as ServerId, disk);
  }

  #boot(id: ServerId, disk: Disk): Core {
    const { hard, entries, configurations, applied, base } = disk;
    const seed = [...id].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);
    const state = newRaftState(
      raftConfig(id, this.#mode),
      {
        hard,
        base,
        lastIndex: base.index + entries.length,
        tail: [...entries],
        appliedIndex: applied.at(-1)?.index ?? 0,
        configurations,
        reader: {
          entries: (from, to) => disk.entries.slice(from - disk.base.index - 1, to - disk.base.index),
        },
        snapshot: disk.cut?.cut ?? null,
        receiving: disk.receiving,
        snapshotReader: { chunk: (number) => disk.cut?.chunks[number] ?? null },
      },
      seed,
    );
    const core: Core = { id, disk, state, wakeAt: null, urgency: "timer", isUp: true, answers: [] };
    this.cores.set(id, core);
    this.take(id, { kind: "wake" });
    return core;
  }

  core(id: string): Core {
    const core = this.cores.get(id);
    if (core === undefined) throw new Error(`no server ${id}`);
    return core;
  }

  /** One input and what the driver would feed back. */
  take(id: string, input: RaftInput): RaftEffects {
    const core = this.core(id);
    const effects = this.takeStep(core.state, input, this.now);
    this.inFlight.push(...effects.sendNow);
    if (effects.persist !== null) persist(core.disk, effects.persist);
    this.inFlight.push(...effects.sendAfterPersist);
    core.answers.push(...effects.answers);
    core.wakeAt = effects.wakeAt;
    core.urgency = effects.urgency;
    if (effects.persist !== null) this.take(id, { kind: "persisted", last: logEnd(core.state) });
    if (effects.apply.length > 0) {
      core.disk.applied.push(...effects.apply);
      this.take(id, { kind: "applied", index: effects.apply.at(-1)!.index });
    }
    if (effects.snapshotWanted) this.#takeCut(core);
    return effects;
  }

  /** Two entries a chunk. */
  #takeCut(core: Core): void {
    const { disk, state } = core;
    const index = state.appliedIndex;
    const chunks: string[] = [];
    for (let at = 0; at < disk.applied.length; at += 2) {
      chunks.push(JSON.stringify(disk.applied.slice(at, at + 2)));
    }
    const cut = {
      last: { index, term: termAt(state.log, index)! },
      configuration: disk.configurations.findLast((it) => it.index <= index)!,
      chunks: chunks.length,
    };
    disk.cut = { cut, chunks };
    this.take(core.id, { kind: "snapshotTaken", cut });
  }

  /** Drops the log of `id` up to what it has applied, except for `kept` entries. */
  compact(id: string, kept = 0): void {
    const { disk, state } = this.core(id);
    const index = state.appliedIndex - kept;
    const position = { index, term: termAt(state.log, index)! };
    disk.entries.splice(0, index - disk.base.index);
    disk.base = position;
    const newest = disk.configurations.findLast((it) => it.index <= index)!;
    disk.configurations = disk.configurations.filter((it) => it.index >= newest.index);
    compacted(state, position);
  }

  /** Delivers the oldest message that `accepts` takes; false when there is none. */
  deliverOne(accepts: (message: RaftMessage) => boolean = () => true): boolean {
    const at = this.inFlight.findIndex(accepts);
    const [message] = at === -1 ? [] : this.inFlight.splice(at, 1);
    if (message === undefined) return false;
    const receiver = this.cores.get(message.to);
    if (receiver === undefined || !receiver.isUp || this.#cuts.has(`${message.from}>${message.to}`)) {
      this.onMessage(message, "dropped");
      return true;
    }
    this.onMessage(message, "delivered");
    this.take(message.to, { kind: "message", message: JSON.parse(JSON.stringify(message)) as RaftMessage });
    return true;
  }

  /** Delivers until nothing is in flight. */
  settle(limit = 10_000): void {
    for (let i = 0; i < limit; i += 1) if (!this.deliverOne()) return;
    throw new Error(`messages never end: ${JSON.stringify(this.inFlight.slice(0, 3))}`);
  }

  /** Time passes; deadlines ring when they are due, and every message takes no time. */
  advance(millis: number): void {
    const until = this.now + millis;
    this.settle();
    for (;;) {
      const due = [...this.cores.values()]
        .filter((core) => core.isUp && core.wakeAt !== null && core.wakeAt <= until)
        .sort((one, other) => one.wakeAt! - other.wakeAt!)[0];
      if (due === undefined) break;
      this.now = Math.max(this.now, due.wakeAt!);
      due.wakeAt = null;
      this.take(due.id, { kind: "wake" });
      this.settle();
    }
    this.now = until;
  }

  /** One delivery at a time, and time only when nothing is in flight, until `isDone`. */
  stepUntil(isDone: () => boolean, limit = 5_000): void {
    for (let i = 0; i < limit; i += 1) {
      if (isDone()) return;
      if (this.deliverOne()) continue;
      this.now += 50;
      for (const core of this.cores.values()) {
        if (!core.isUp || core.wakeAt === null || core.wakeAt > this.now) continue;
        core.wakeAt = null;
        this.take(core.id, { kind: "wake" });
      }
    }
    throw new Error("it never came to that");
  }

  /** Loses all that `id` has sent or would receive, and its memory. */
  crash(id: string): void {
    this.core(id).isUp = false;
    this.inFlight = this.inFlight.filter((message) => message.from !== id && message.to !== id);
  }

  restart(id: string): Core {
    return this.#boot(id as ServerId, this.core(id).disk);
  }

  /** Cuts a server off, both ways, from `others` or from everybody. */
  isolate(id: string, others: readonly string[] = [...this.cores.keys()]): void {
    for (const other of others) {
      this.#cuts.add(`${id}>${other}`);
      this.#cuts.add(`${other}>${id}`);
    }
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** The leader of the highest term among those that are up. */
  leader(): Core {
    const leaders = [...this.cores.values()].filter((core) => core.isUp && core.state.role === "leader");
    const newest = leaders.sort((one, other) => other.state.hard.term - one.state.hard.term)[0];
    if (newest === undefined) throw new Error("no leader");
    return newest;
  }

  /** Lets time pass until somebody leads, at most 20 s. */
  elect(): Core {
    for (let i = 0; i < 200; i += 1) {
      if ([...this.cores.values()].some((core) => core.isUp && core.state.role === "leader")) break;
      this.advance(100);
    }
    this.advance(1_000);
    return this.leader();
  }
}

function persist(disk: Disk, batch: PersistBatch): void {
  if (batch.hard !== null) disk.hard = batch.hard;
  if (batch.bootstrap !== null) disk.configurations.push({ index: 0, configuration: batch.bootstrap });
  if (batch.truncateFrom !== null) {
    const from = batch.truncateFrom;
    disk.entries.length = from - 1 - disk.base.index;
    disk.configurations = disk.configurations.filter((it) => it.index < from);
  }
  for (const entry of batch.append) {
    disk.entries.push(entry);
    const found = configurationOfEntry(entry);
    if (found !== null) disk.configurations.push(found);
  }
  if (batch.stage !== null) {
    if (batch.stage.number === 0) disk.staged = [];
    if (disk.staged.length !== batch.stage.number) throw new Error("chunks are staged in order");
    disk.staged.push(batch.stage.data);
    disk.receiving = batch.stage.receiving;
  }
  if (batch.install !== null) {
    disk.applied = disk.staged.flatMap((chunk) => JSON.parse(chunk) as Entry[]);
    disk.base = batch.install.last;
    disk.entries = [];
    disk.configurations = [batch.install.configuration];
    disk.receiving = null;
    disk.staged = [];
    disk.cut = null;
  }
}
