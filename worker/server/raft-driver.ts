// The loop around shared/raft: one input at a time; write, send, apply, answer, arm the one deadline (DESIGN.md there).

import { assert } from "../../shared/base/assert.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { raftConfig } from "../../shared/raft/config.ts";
import { decodeRaftMessage } from "../../shared/raft/decode.ts";
import { termAt } from "../../shared/raft/log.ts";
import { isForeign } from "../../shared/raft/epoch.ts";
import { newRaftState } from "../../shared/raft/state.ts";
import { compactableIndex, compacted, logEnd, step } from "../../shared/raft/step.ts";
import { isSnapshotInUse } from "../../shared/raft/snapshot.ts";
import { isQuorumAlone, leaseHolds } from "../../shared/raft/read-index.ts";
import type {
  Entry,
  LogIndex,
  RaftAnswer,
  RaftEffects,
  RaftInput,
  RaftMessage,
  ServerId,
} from "../../shared/raft/types.ts";
import type { HeldIndexes } from "../../shared/state/held-indexes.ts";
import { everything } from "../../shared/state/watch-keys.ts";
import type { ServerConfig } from "./config.ts";
import { entryTooLarge } from "./entry-size.ts";
import type { ServerPorts } from "./ports.ts";
import { createProposals } from "./proposals.ts";
import { createRaftAdmin, type RaftAdmin } from "./raft-admin.ts";
import { initialConfiguration, isRaftsOwn, logLimits } from "./raft-status.ts";
import { type LeaderContact, leaderContact, type RaftStatus, raftStatus } from "./raft-status.ts";
import { createRaftStore } from "./raft-store.ts";

export type Applied = { readonly result: unknown; readonly changed: readonly string[] };

export type { RaftStatus } from "./raft-status.ts";

export type RaftDriver = RaftAdmin & {
  /** The FSM's result once applied here; noLeader (nothing was appended), leadershipLost or tooBusy. */
  propose(command: string): Promise<Result<unknown, ServerError>>;
  /** On the leader: resolves when a linearizable read may be served here, or by a `follower`: it is told the commit. */
  confirmLeadership(lease: boolean, follower?: boolean): Promise<Result<LogIndex, ServerError>>;
  /** Resolves when this server has applied the entry at `index`. */
  applied(index: LogIndex): Promise<Result<LogIndex, ServerError>>;
  /** On the leader: may a read be served this very moment, without asking anybody? */
  mayReadNow(consistency: "default" | "consistent"): boolean;
  /** Takes messages of one peer; returns the answers for it, everything else goes out through the port. */
  receive(messages: readonly RaftMessage[]): readonly RaftMessage[];
  unreachable(peer: ServerId): void;
  wake(): void;
  /** Somebody needs the group: ends quiescence, pre-votes if the leader does not answer. */
  stir(): void;
  status(): RaftStatus;
  contact(): LeaderContact;
  onApplied(listener: (changed: readonly string[], index: LogIndex) => void): void;
  onRoleChange(listener: () => void): void;
};

type SettleRead = (outcome: Result<LogIndex, ServerError>) => void;

const noOperation: Applied = { result: null, changed: [] };

/** The driver over the database of `ports.sql`. `apply` runs inside the transaction that advances the applied
 * index; `takeStep` is raft's step, except where the simulator's own tests put a fault into it. */
export function createRaftDriver(
  ports: ServerPorts & { readonly sql: HeldIndexes },
  config: ServerConfig,
  apply: (entry: Entry) => Applied,
  takeStep: typeof step = step,
): RaftDriver {
  const store = createRaftStore(ports.sql, config.id, initialConfiguration(config));
  const settings = raftConfig(config.id, config.mode, config.raftTimes);
  const restored = store.restore();
  const state = newRaftState(settings, restored, ports.entropy.seed());
  let appliedIndex = restored.appliedIndex;
  const proposals = createProposals();
  const reads = new Map<number, SettleRead>();
  let waitApplied: { readonly index: LogIndex; readonly resolve: SettleRead }[] = [];
  const appliedListeners: ((changed: readonly string[], index: LogIndex) => void)[] = [];
  const roleListeners: (() => void)[] = [];
  const inputs: RaftInput[] = [];
  /** Committed while a cut was being copied. */
  let deferredEntries: readonly Entry[] | null = null;
  const foreigners = new Set<string>();
  let outgoing = new Map<ServerId, RaftMessage[]>();
  let now = Number.NEGATIVE_INFINITY;
  let isRunning = false;
  let hasFailed = false;
  let isProposing = false;
  let nextRead = 1;

  const leads = (): boolean => {
    if (!state.started) run({ kind: "wake" });
    return !hasFailed && state.role === "leader";
  };

  const admin = createRaftAdmin({
    state,
    run: (input) => run(input),
    leads,
    hasFailed: () => hasFailed,
    now: () => ports.clock.now(),
  });

  /** Feeds one input, and what follows from it, to the end. Nothing in here waits. */
  const run = (input: RaftInput, flush = true): void => {
    if (hasFailed) return;
    inputs.push(input);
    pump(flush);
  };

  const pump = (flush: boolean, before: () => void = () => {}): void => {
    if (isRunning) return;
    isRunning = true;
    try {
      let effects: RaftEffects | null = null;
      before();
      for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
        now = Math.max(now, ports.clock.now()); // a clock that is set back stands still
        effects = takeStep(state, next, now);
        perform(effects);
        dropSnapshot();
      }
      if (flush) send();
      if (effects !== null) ports.wake.at(effects.wakeAt, effects.urgency);
    } catch (error) {
      stop(error);
      throw error;
    } finally {
      isRunning = false;
    }
  };

  const perform = (effects: RaftEffects): void => {
    queue(effects.sendNow);
    if (effects.persist !== null) {
      store.persist(effects.persist);
      if (effects.persist.install !== null) installed(effects.persist.install.last.index);
      // Right behind this step, so that a group of one commits in the same turn.
      inputs.unshift({ kind: "persisted", last: logEnd(state) });
    }
    queue(effects.sendAfterPersist);
    // Who waits is known before anything is applied: a group of one commits in the same breath.
    for (const answer of effects.answers) {
      if (answer.kind === "proposed") proposals.appended(answer.indexes, answer.term);
    }
    if (effects.apply.length > 0) applyEntries(effects.apply);
    if (effects.snapshotWanted) takeSnapshot();
    for (const answer of effects.answers) settle(answer);
    if (effects.roleChanged) {
      if (state.role !== "leader") {
        proposals.lost();
        admin.lost();
      }
      ports.log("info", `raft: ${state.role} in term ${state.hard.term}`, { leader: state.leader });
      for (const listener of roleListeners) listener();
    }
  };

  const settle = (answer: RaftAnswer): void => {
    if (answer.kind === "proposed") return;
    if (answer.kind !== "refused" && answer.kind !== "readReady" && answer.kind !== "readRefused") {
      admin.answered(answer);
      return;
    }
    if (answer.kind === "refused") {
      proposals.refused();
      return;
    }
    const resolve = reads.get(answer.id) ?? (() => {});
    reads.delete(answer.id);
    if (answer.kind === "readRefused") resolve(fail(serverError("noLeader")));
    else if (appliedIndex >= answer.index) resolve(ok(answer.index));
    // Committed but not applied yet: a long catch-up comes in portions.
    else waitApplied.push({ index: answer.index, resolve });
  };

  const applyEntries = (entries: readonly Entry[]): void => {
    const last = entries.at(-1);
    assert(last !== undefined, "there is something to apply");
    if (store.isCutting()) {
      assert(deferredEntries === null, "one portion is handed out at a time");
      deferredEntries = entries; // raft goes on; only what is committed now is seen a little later
      return;
    }
    // Recoverable is enough: what is lost is applied again, from a log that was durable before anybody was answered.
    const outcomes = ports.sql.transaction(() => {
      const applied = entries.map((entry) => (isRaftsOwn(entry) ? noOperation : apply(entry)));
      store.setApplied(last, applied.at(-1)?.changed ?? []);
      return applied;
    }, "recoverable");
    appliedIndex = last.index;
    inputs.unshift({ kind: "applied", index: last.index });
    const changed = new Set<string>();
    for (const [i, entry] of entries.entries()) {
      const outcome = outcomes[i] ?? noOperation;
      for (const key of outcome.changed) changed.add(key);
      proposals.applied(entry.index, entry.term, outcome.result);
    }
    settleApplied([...changed], last.index);
    compactLog();
  };

  const settleApplied = (changed: readonly string[], index: LogIndex): void => {
    const ready = waitApplied.filter((wait) => wait.index <= index);
    waitApplied = waitApplied.filter((wait) => wait.index > index);
    for (const wait of ready) wait.resolve(ok(wait.index));
    for (const listener of appliedListeners) listener(changed, index);
  };

  /** All that waits here, waits for a state that was replaced at once. */
  const installed = (index: LogIndex): void => {
    ports.log("info", "raft: installed a snapshot of the leader", { index });
    appliedIndex = index;
    settleApplied([everything], index);
  };

  const takeSnapshot = (): void => {
    if (store.isCutting()) return;
    const term = termAt(state.log, appliedIndex);
    assert(term !== null, "what is applied is in the log, or right below it");
    if (store.beginSnapshot({ index: appliedIndex, term })) continueSnapshot();
  };

  /** A large state is copied over several turns, so that heartbeats go on; nothing is applied meanwhile. */
  const continueSnapshot = (): void => {
    const cut = store.continueSnapshot();
    if (cut === null) {
      ports.defer(() => {
        if (!hasFailed && store.isCutting()) pump(true, continueSnapshot);
      });
      return;
    }
    ports.log("info", "raft: a snapshot for a follower that the log does not reach", {
      index: cut.last.index,
      chunks: cut.chunks,
    });
    inputs.push({ kind: "snapshotTaken", cut });
    applyDeferred();
  };

  const applyDeferred = (): void => {
    const entries = deferredEntries;
    deferredEntries = null;
    if (entries !== null) applyEntries(entries);
  };

  /** Rarely, and by whole rows: what was applied here, except a tail for followers that are behind. */
  const compactLog = (): void => {
    const { entriesMax, entriesKept } = logLimits(config);
    if (appliedIndex - state.log.base.index <= entriesMax) return;
    const upTo = compactableIndex(state, entriesKept, entriesMax);
    const base = upTo > state.log.base.index ? store.compact(upTo) : null;
    if (base !== null) compacted(state, base);
  };

  /** A cut is kept for as long as a follower may need it, and the log goes on from it. */
  const dropSnapshot = (): void => {
    const { snapshot, log } = state;
    if (store.isCutting() && state.leading === null) {
      store.dropSnapshot();
      applyDeferred();
      return;
    }
    if (snapshot === null || (isSnapshotInUse(state) && snapshot.last.index >= log.base.index)) return;
    state.snapshot = null;
    store.dropSnapshot();
  };

  const queue = (messages: readonly RaftMessage[]): void => {
    for (const message of messages) {
      const list = outgoing.get(message.to);
      if (list === undefined) outgoing.set(message.to, [message]);
      else list.push(message);
    }
  };

  const send = (): void => {
    const batches = outgoing;
    outgoing = new Map();
    for (const [to, messages] of batches) ports.peers.send(to, messages);
  };

  /** The disk failed or an invariant broke: a server that cannot trust itself neither votes nor answers. */
  const stop = (error: unknown): void => {
    hasFailed = true;
    outgoing.clear();
    inputs.length = 0;
    ports.log("error", "raft: stopped, restart this server", { error: String(error) });
    proposals.lost(); // including what was being written: nobody knows whether it is durable
    proposals.take();
    proposals.refused();
    admin.lost();
    for (const resolve of reads.values()) resolve(fail(serverError("noLeader")));
    for (const wait of waitApplied) wait.resolve(fail(serverError("noLeader")));
    reads.clear();
    waitApplied = [];
    ports.wake.at(null, "timer");
    // The request in which it happened may keep the error to itself; the host must hear it and end this instance.
    ports.defer(() => {
      throw error;
    });
  };

  /** All proposals of this turn share one batch, one row and one message per follower. */
  const offer = (command: string): Promise<Result<unknown, ServerError>> =>
    new Promise((resolve) => {
      if (!proposals.add(command, resolve)) {
        resolve(fail(serverError("tooBusy", "raft")));
        return;
      }
      if (isProposing) return;
      isProposing = true;
      ports.defer(flushProposals);
    });

  const flushProposals = (): void => {
    isProposing = false;
    const commands = proposals.take();
    if (commands.length > 0) run({ kind: "propose", commands });
  };

  /** Another cluster's server has our address, or we have its; said once for each. */
  const refuseForeign = (message: RaftMessage): void => {
    const name = `${message.from} ${message.cluster}`;
    if (foreigners.has(name) || foreigners.size >= 100) return;
    foreigners.add(name);
    ports.log("error", "raft: a server of another cluster speaks to this one and is not heard", {
      ...{ from: message.from, cluster: message.cluster ?? "", ours: state.hard.cluster },
    });
  };

  // The timers of a server that has just been constructed start with its first step.
  ports.defer(() => run({ kind: "wake" }));

  return {
    ...admin,
    propose(command) {
      if (!leads()) return Promise.resolve(fail(serverError("noLeader")));
      const tooLarge = entryTooLarge(command);
      return tooLarge === null ? offer(command) : Promise.resolve(fail(tooLarge));
    },
    applied(index) {
      if (hasFailed) return Promise.resolve(fail(serverError("noLeader")));
      if (appliedIndex >= index) return Promise.resolve(ok(appliedIndex));
      return new Promise((resolve) => void waitApplied.push({ index, resolve }));
    },
    async confirmLeadership(lease, follower = false) {
      if (hasFailed) return fail(serverError("noLeader"));
      const id = nextRead++;
      const answered = new Promise<Result<LogIndex, ServerError>>((resolve) => reads.set(id, resolve));
      run({ kind: "read", id, lease }); // outside of the promise: a disk that fails must end the host's instance
      const answer = await answered;
      if (follower && answer.ok) run({ kind: "tellCommit" });
      return answer;
    },
    mayReadNow(consistency) {
      now = Math.max(now, ports.clock.now());
      if (hasFailed || appliedIndex < state.commitIndex) return false;
      return consistency === "default" ? leaseHolds(state, now) : isQuorumAlone(state, now);
    },
    receive(messages) {
      const senders = new Set<ServerId>();
      for (const raw of messages) {
        const message = decodeRaftMessage(raw);
        if (message === null || message.to !== config.id) {
          ports.log("warn", "raft: refused a message that is not for this server or not a message");
          continue;
        }
        if (isForeign(state, message)) {
          refuseForeign(message);
          continue;
        }
        senders.add(message.from);
        run({ kind: "message", message }, false);
      }
      const [sender] = senders;
      const answers = sender === undefined || senders.size > 1 ? [] : (outgoing.get(sender) ?? []);
      if (sender !== undefined && senders.size === 1) outgoing.delete(sender);
      send();
      return answers;
    },
    unreachable: (peer) => run({ kind: "unreachable", peer }),
    wake: () => run({ kind: "wake" }),
    stir: () => run({ kind: "stir" }),
    status: () => raftStatus(state, appliedIndex, ports.clock.now()),
    contact: () => leaderContact(state, appliedIndex, ports.clock.now),
    onApplied(listener) {
      appliedListeners.push(listener);
    },
    onRoleChange(listener) {
      roleListeners.push(listener);
    },
  };
}
