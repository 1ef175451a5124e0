// Several cores on one bench: pure step functions, storage as lists, messages in flight as a list that the test
// delivers. Time moves only when the test says so. Everything is deterministic.

import { raftConfig, type RaftMode } from "../../../shared/raft/config.ts";
import { configurationOfEntry } from "../../../shared/raft/membership.ts";
import { emptyHardState, newRaftState, type RaftState } from "../../../shared/raft/state.ts";
import { logEnd, step } from "../../../shared/raft/step.ts";
import type {
  Configuration,
  Entry,
  HardState,
  IndexedConfiguration,
  PersistBatch,
  RaftAnswer,
  RaftEffects,
  RaftInput,
  RaftMessage,
  ServerId,
} from "../../../shared/raft/types.ts";

/** What survives a crash of one server. */
export type Disk = {
  hard: HardState;
  entries: Entry[]; // the whole log, entry i + 1 at position i
  configurations: IndexedConfiguration[];
  applied: Entry[];
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
  add(id: string, configuration: Configuration | null, hard: Partial<HardState> = {}): Core {
    const disk: Disk = {
      hard: { ...emptyHardState, ...hard },
      entries: [],
      configurations: configuration === null ? [] : [{ index: 0, configuration }],
      applied: [],
    };
    return this.#boot(id as ServerId, disk);
  }

  #boot(id: ServerId, disk: Disk): Core {
    const { hard, entries, configurations, applied } = disk;
    const seed = [...id].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7);
    const state = newRaftState(
      raftConfig(id, this.#mode),
      {
        hard,
        base: { index: 0, term: 0 },
        lastIndex: entries.length,
        tail: [...entries],
        appliedIndex: applied.length,
        configurations,
        reader: { entries: (from, to) => entries.slice(from - 1, to) },
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
    return effects;
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
    disk.entries.length = from - 1;
    disk.configurations = disk.configurations.filter((it) => it.index < from);
  }
  for (const entry of batch.append) {
    disk.entries.push(entry);
    const found = configurationOfEntry(entry);
    if (found !== null) disk.configurations.push(found);
  }
}
