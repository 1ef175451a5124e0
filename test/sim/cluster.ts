// The simulated datacenter: servers on their disks, the network between them, and the checkers that look at every step.

import { commandNumbers, commandVersion } from "../../shared/fsm/codec.ts";
import { fail, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { RaftMessage, ServerId } from "../../shared/raft/types.ts";
import type { RpcMethod, RpcRequest } from "../../shared/rpc/methods.ts";
import { createCanceller } from "../../shared/rpc/cancellation.ts";
import { type AppliedChecker, appliedStateEqual } from "./checkers/anytime-applied-state-equal.ts";
import {
  type LeaderCompletenessChecker,
  leaderCompleteness,
} from "./checkers/anytime-leader-completeness.ts";
import { logMatching } from "./checkers/anytime-log-matching.ts";
import { oneLeaderPerTerm } from "./checkers/anytime-one-leader-per-term.ts";
import type { Dice, SimulatedClock } from "./clock.ts";
import { quietNetwork, type SimulatedNetwork, simulatedNetwork } from "./network.ts";
import type { Options } from "./options.ts";
import type { Plant } from "./plants.ts";
import type { Schedule } from "./schedules.ts";
import { type Life, type NodeWatch, type ServerNode, serverNode } from "./server-node.ts";
import type { Trace } from "./trace.ts";
import { createRecoveries, type Recoveries } from "./recoveries.ts";
import { fromNewerRelease, fromOlderRelease } from "./versions.ts";

export type Cluster = {
  readonly nodes: readonly ServerNode[];
  readonly network: SimulatedNetwork;
  readonly applied: AppliedChecker;
  readonly completeness: LeaderCompletenessChecker;
  readonly recoveries: Recoveries;
  nodeOf(id: string): ServerNode | undefined;
  /** A client's request through the network; null when no answer came in time, or the client gave up. */
  request<M extends RpcMethod>(asked: ClientRequest<M>): Promise<Result<unknown, ServerError> | null>;
  /** Called when an index may fall: tombstones were reaped, or a server lost, or replaced, what it had applied. */
  onForgotten(listener: () => void): void;
  /** When a server (last) applied an entry; null: it never did, or not by itself. */
  appliedAt(server: string, index: number): number | null;
  fail(error: unknown): void;
  /** Throws the first violation, if there was one. */
  check(): void;
  elections(): number;
  /** Snapshots that a server took over. */
  installs(): number;
  /** Who belongs to the group, as its newest leader sees it, and is not lost for good; empty when nobody leads. */
  members(): readonly ServerNode[];
  close(): void;
};

export type ClientRequest<M extends RpcMethod> = {
  readonly client: string;
  readonly server: string;
  readonly method: M;
  readonly request: RpcRequest<M>;
  readonly timeoutMillis: number;
  /** Hangs up at the time-out; otherwise the server goes on without anybody listening. */
  readonly hangsUp: boolean;
  /** Its connection may still lead to an instance that is superseded; then half of the requests go there. */
  readonly mayMeetOlder?: boolean;
};

export type World = {
  readonly clock: SimulatedClock;
  readonly dice: Dice;
  readonly trace: Trace;
  readonly options: Options;
  /** One line of the story, with --verbose. */
  log(line: string): void;
};

/** Everything crosses the wire as text: nobody shares memory. */
const copyOf = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

/** How a log entry begins that reaps tombstones. */
const reaping = `{"v":${commandVersion},"t":${commandNumbers.reapTombstones},`;

/** A cluster of servers with empty disks, not yet built. */
export function createCluster(world: World, plant: Plant | null, schedule: Schedule): Cluster {
  const { clock, dice, trace, options } = world;
  const network = simulatedNetwork(clock, dice, options.network);
  const applied = appliedStateEqual();
  const completeness = leaderCompleteness();
  const matching = logMatching();
  const recoveries = createRecoveries(applied, completeness, (recovered) => {
    world.log(`recovered: ${JSON.stringify(recovered)}`);
    trace.number(recovered.kept);
    forgotten();
  });
  const checkLeader = oneLeaderPerTerm();
  const ids = Array.from({ length: options.servers }, (_, i) => `server-${i + 1}` as ServerId);
  const allIds = [
    ...ids,
    ...Array.from({ length: options.spares }, (_, i) => `server-${ids.length + i + 1}` as ServerId),
  ];
  const newer = new Set(options.versionsMixed ? allIds.filter(() => dice.chance(0.5)) : []);
  const isQuiet = () => network.faults === quietNetwork;
  const appliedTimes = new Map<string, Map<number, number>>(
    allIds.map((id) => [id, new Map<number, number>()] as const),
  );
  let failure: unknown = null;
  let elections = 0;
  let installs = 0;
  const forgetListeners: (() => void)[] = [];
  const forgotten = (): void => {
    for (const listener of forgetListeners) listener();
  };

  const note = (error: unknown): void => {
    failure ??= error;
  };
  const guard = (body: () => void): void => {
    try {
      body();
    } catch (error) {
      note(error);
    }
  };
  const nodeOf = (id: string): ServerNode => nodes.find((node) => node.id === id)!;

  const reshape = schedule.direct?.({
    dice,
    network,
    after: clock.after,
    now: clock.now,
    repeat: (message) =>
      void nodeOf(message.to)
        .life()
        ?.use((server) => server.handleRaft([message])),
    get nodes() {
      return nodes;
    },
  });
  /** As they leave: what the schedule lets through. */
  const said = (from: ServerId, messages: readonly RaftMessage[]): readonly RaftMessage[] => {
    const all = options.versionsMixed
      ? messages.map(newer.has(from) ? fromNewerRelease : fromOlderRelease)
      : messages;
    return reshape === undefined || isQuiet() ? all : all.flatMap((message) => reshape(message) ?? []);
  };

  const split = (message: RaftMessage): RaftMessage => {
    const isLong = message.kind === "append" && message.entries.length > 1;
    if (!isLong || !dice.chance(network.faults.splits)) return message;
    return { ...message, entries: message.entries.slice(0, 1) };
  };

  /** Messages of one turn to a peer; its answers go back to the instance that asked, mostly. */
  const sendRaft = (life: Life, to: ServerId, messages: readonly RaftMessage[], isAnswer = false): void => {
    const sentAt = clock.now();
    const sent = said(life.id, messages);
    if (sent.length === 0) return;
    network.carry(life.id, to, {
      repeats: true,
      lost: () => life.use((server) => server.peerUnreachable(to)),
      arrive: () => deliverRaft(life, to, sent.map(split), sentAt, isAnswer),
    });
  };

  const deliverRaft = (
    from: Life,
    to: ServerId,
    messages: readonly RaftMessage[],
    sentAt: number,
    isAnswer: boolean,
  ): void => {
    trace.number(sentAt);
    for (const message of messages) trace.text(message.kind);
    const asksForVote = messages.some((message) => message.kind === "requestVote");
    if (asksForVote && !isQuiet() && dice.chance(schedule.crashOnVote ?? 0)) nodeOf(to).disk.failAfter(1);
    const life = nodeOf(to).lifeAt(sentAt);
    if (life === null) {
      if (!isAnswer) from.use((server) => server.peerUnreachable(to));
      return;
    }
    const answers = life.use((server) => server.handleRaft(messages));
    if (answers === null || answers.length === 0) return;
    life.say(() => answer(life, from, answers));
  };

  /** Most hosts answer the instance that asked; with some, an answer is a message like any other. */
  const answer = (life: Life, asker: Life, answers: readonly RaftMessage[]): void => {
    if (!dice.chance(0.7)) {
      sendRaft(life, asker.id, answers, true);
      return;
    }
    const sent = said(life.id, answers);
    if (sent.length === 0) return;
    network.carry(life.id, asker.id, {
      repeats: true,
      arrive() {
        trace.number(sent.length);
        const more = asker.use((server) => server.handleRaft(sent));
        if (more !== null && more.length > 0) asker.say(() => sendRaft(asker, life.id, more));
      },
    });
  };

  /** One server passes a request on to another. */
  const call = (
    from: Life,
    to: ServerId,
    method: RpcMethod,
    request: unknown,
  ): Promise<Result<unknown, ServerError>> =>
    new Promise((resolve) => {
      const sentAt = clock.now();
      const asked = copyOf(newer.has(from.id) ? { ...(request as object), FromNewerRelease: 1 } : request);
      const unreachable = () => resolve(fail(serverError("noServers", to)));
      network.carry(from.id, to, {
        lost: unreachable,
        arrive() {
          const life = nodeOf(to).lifeAt(sentAt);
          if (life === null) return unreachable();
          const answered = life.use((server) => server.handleCall(from.id, method, asked));
          answered?.then((result) =>
            life.say(() =>
              network.carry(to, from.id, {
                lost: () => resolve(fail(serverError("timeout", to))),
                arrive: () => resolve(copyOf(result)),
              }),
            ),
          );
        },
      });
    });

  const watch: NodeWatch = {
    call,
    failed: note,
    lost: forgotten,
    logged: (id, text) => world.log(`${id} ${text}`),
    dropped(node) {
      for (const link of [...node.links]) link.close("the server's process ended");
    },
    send: (life, to, messages) => sendRaft(life, to, messages),
    stepped(node, state, effects, isNewest) {
      const isWriting = effects.persist !== null;
      const recovered = isNewest ? recoveries.stepped(node.id, state) : null;
      if (recovered !== null) afterWriting(node, recovered);
      const { epoch } = state.hard;
      // Of an epoch that is over, whatever it says; and whatever it said, once that is over.
      const isOver = (): boolean => epoch < (recoveries.newest()?.epoch ?? 0);
      const unlessOver = (body: () => void) => () => {
        if (!isOver()) body();
      };
      if (isOver()) return;
      // An older instance that decides to lead finds, when it writes that down, that it may not.
      if (state.role === "leader" && (isNewest || !isWriting)) {
        const { term } = state.hard;
        // What a recovery leaves out is lost, and said to be.
        const verdict = effects.roleChanged && recovered === null ? completeness.leads(state) : null;
        const leads = (): void => {
          checkLeader(node.id, term, epoch);
          if (verdict !== null) throw verdict;
          if (effects.roleChanged) elections += 1;
        };
        // A recovery takes its term and leads in one write: until that is durable it may be undone.
        if (isWriting) afterWriting(node, unlessOver(leads));
        else node.disk.record(() => guard(unlessOver(leads)));
      }
      // The cut may be from after a reaping that this server never saw.
      if (effects.persist?.install != null) {
        installs += 1;
        forgotten();
      }
      if (!isNewest) return; // whatever an older instance decides, it cannot write
      // Noted when durable: what a crash undid never was, and nobody heard of it.
      if (effects.persist !== null && effects.persist.append.length > 0) {
        const appended = matching.appending(state, effects.persist.append);
        afterWriting(node, unlessOver(appended));
      }
      if (effects.apply.length > 0) afterWriting(node, unlessOver(completeness.committing(state)));
    },
    applied(node, sql, index, command, outcome) {
      if (command.startsWith(reaping)) forgotten();
      appliedTimes.get(node.id)?.set(index, clock.now());
      if (recoveries.isLeftBehind(node.id)) return;
      const applying = applied.applying(node.id, sql, index, command, outcome);
      node.disk.record(() => guard(() => recoveries.isLeftBehind(node.id) || applying()));
    },
  };
  /** The step has decided; the driver writes right after it, in the same turn. */
  const afterWriting = (node: ServerNode, body: () => void): void => {
    node.disk.recordNext(() => guard(body));
  };

  const nodes: readonly ServerNode[] = allIds.map((id) =>
    serverNode(
      {
        datacenter: "dc1",
        id,
        servers: ids.includes(id) ? ids : [],
        addressOf: {},
        mode: options.mode,
        log: options.log,
        version: "0.1.0",
      },
      clock,
      dice,
      watch,
      {
        // Leases allow for clocks that differ by a quarter.
        clockRate: options.clocksDrift ? 0.9 + dice.roll() * 0.2 : 1,
        alarmLateness: 0.1,
        alarmLateMillisMax: 60_000,
        disk: options.disk,
        plant,
      },
    ),
  );

  return {
    nodes,
    network,
    applied,
    completeness,
    recoveries,
    nodeOf: (id) => nodes.find((node) => node.id === id),
    onForgotten: (listener) => void forgetListeners.push(listener),
    appliedAt: (server, index) => appliedTimes.get(server)?.get(index) ?? null,
    fail: note,
    elections: () => elections,
    installs: () => installs,
    members() {
      const leaders = nodes.filter((node) => node.peek()?.status().role === "leader");
      const ageOf = (node: ServerNode, field: "epoch" | "term") => node.peek()?.status()[field] ?? 0;
      const [leader] = leaders.sort(
        (a, b) => ageOf(b, "epoch") - ageOf(a, "epoch") || ageOf(b, "term") - ageOf(a, "term"),
      );
      const servers = leader?.peek()?.raft.configuration().servers ?? [];
      return servers.map((server) => nodeOf(server.id)).filter((node) => !node.isLost());
    },
    check() {
      if (failure !== null) throw failure;
    },
    close() {
      for (const node of nodes) {
        node.goDown();
        node.disk.close();
      }
    },
    request({ client, server, method, request, timeoutMillis, hangsUp, mayMeetOlder = false }) {
      return new Promise((resolve) => {
        const sentAt = clock.now();
        const asked = copyOf(request);
        const canceller = createCanceller();
        clock.after(timeoutMillis, () => {
          resolve(null);
          if (hangsUp) canceller.cancel();
        });
        network.carry(client, server, {
          lost: () => resolve(fail(serverError("noServers", server))),
          arrive() {
            const isOld = mayMeetOlder && dice.chance(0.5);
            const life = nodeOf(server).lifeAt(isOld ? 0 : sentAt);
            if (life === null) return resolve(fail(serverError("noServers", server)));
            const answered = life.use((it) => it.backend.call(method, asked, canceller.cancellation));
            answered?.then((result) => {
              life.say(() => network.carry(server, client, { arrive: () => resolve(copyOf(result)) }));
            });
          },
        });
      });
    },
  };
}
