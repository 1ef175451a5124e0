// What operators and the leader's duties ask of raft beside proposals and reads: the configuration, its changes, and
// the first one. Each request is settled exactly once, as proposals are.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { lastIndex } from "../../shared/raft/log.ts";
import { checkConfiguration, clusterOf, isVoter } from "../../shared/raft/membership.ts";
import { refusalOfRecovery } from "../../shared/raft/recover.ts";
import { indexedConfigurationOf, type RaftState } from "../../shared/raft/state.ts";
import { isPristine } from "../../shared/raft/step.ts";
import type {
  LogIndex,
  MembershipChange,
  RaftAnswer,
  RaftInput,
  RaftServer,
  ServerId,
} from "../../shared/raft/types.ts";

export type RaftConfiguration = {
  /** The log entry that holds it; 0 for the one of the bootstrap. */
  readonly index: LogIndex;
  /** While a joint change is under way: those of both its halves. */
  readonly servers: readonly RaftServer[];
};

/** What a recovery did, and what it could not know. */
export type RaftRecovery = {
  readonly epoch: number;
  /** The entry with the forced configuration. */
  readonly index: LogIndex;
  /** Up to here everything was surely committed before. */
  readonly commitIndex: LogIndex;
  /** Entries above commitIndex up to here were kept, whether their writers were told so or not; later ones are lost. */
  readonly lastIndex: LogIndex;
};

export type RaftAdmin = {
  /**
   * One change of the group's membership, at the leader only: resolves with the index of the committed configuration.
   * Errors: noLeader; rejected with what to do (another change is under way, the last voter, a server that has not
   * caught up …): nothing was changed; leadershipLost: it may or may not be in force, look at `configuration`.
   * A new server is added as a non-voter first, unless the voters that are up are a quorum without it.
   */
  changeMembership(change: MembershipChange): Promise<Result<LogIndex, ServerError>>;
  /**
   * Hands the leadership to `to`, or to the voter that suits best: resolves when this server leads no more. Meanwhile
   * proposals are refused (noLeader, nothing was done). Errors: noLeader; rejected: this server leads on.
   */
  transferLeadership(to: ServerId | null): Promise<Result<null, ServerError>>;
  /** The configuration in force here. */
  configuration(): RaftConfiguration;
  /**
   * The first configuration, for a server that was started without one: the same list on every server of the group,
   * all voters, this one among them (or a single one that adds the others). Refused if there is any state.
   */
  bootstrap(servers: readonly RaftServer[]): Result<null, ServerError>;
  /**
   * Lost majority: makes this survivor the leader of `servers`, in which it is the only voter; the others may stand in
   * it as non-voters and get the state when they come back. `epoch` is one more than status().epoch: a repeated
   * command does nothing twice. Refused (rejected, with the reason) while a majority may be alive.
   */
  recover(servers: readonly RaftServer[], epoch: number): Result<RaftRecovery, ServerError>;
  /** Makes a server that sleeps look whether its leader, or its quorum, is still there; it would not notice by itself. */
  lookForLeader(): void;
};

type SettleChange = (outcome: Result<LogIndex, ServerError>) => void;

type Parts = {
  readonly state: RaftState;
  run(input: RaftInput): void;
  /** Is this server the leader? One that has just been constructed resumes first. */
  leads(): boolean;
  hasFailed(): boolean;
  now(): Millis;
};

/** The administration of one driver; `answered` and `lost` are the driver's. */
export function createRaftAdmin(
  parts: Parts,
): RaftAdmin & { answered(answer: RaftAnswer): void; lost(): void } {
  /** Asked for, in order, and not taken or refused yet: a listener of the driver asks while it is in a step. */
  let asked: SettleChange[] = [];
  /** Appended, and not known to be committed. */
  let underWay: SettleChange | null = null;
  let transferring: ((outcome: Result<null, ServerError>) => void) | null = null;

  return {
    changeMembership(change) {
      if (!parts.leads()) {
        return Promise.resolve(fail(serverError("noLeader")));
      }
      const settled = new Promise<Result<LogIndex, ServerError>>((resolve) => {
        asked.push(resolve);
      });
      parts.run({ kind: "change", change }); // outside of the promise: a disk that fails must end the host's instance
      return settled;
    },
    transferLeadership(to) {
      if (!parts.leads()) {
        return Promise.resolve(fail(serverError("noLeader")));
      }
      if (transferring !== null) {
        return Promise.resolve(fail(serverError("rejected", "a leadership transfer is under way")));
      }
      const settled = new Promise<Result<null, ServerError>>((resolve) => {
        transferring = resolve;
      });
      parts.run({ kind: "transfer", to });
      return settled;
    },
    configuration: () => ({
      index: indexedConfigurationOf(parts.state).index,
      servers: serversOf(parts.state),
    }),
    bootstrap(servers) {
      if (parts.hasFailed()) return fail(serverError("noLeader"));
      const configuration = checkConfiguration({ servers, outgoing: [] });
      if (configuration === null || !isVoter(configuration, parts.state.config.id)) {
        return fail(
          serverError("rejected", "bootstrap: the servers must be listed once each, this one as a voter"),
        );
      }
      if (!isPristine(parts.state)) {
        return fail(serverError("rejected", "bootstrap only works on new clusters: this server has state"));
      }
      const { cluster } = parts.state.hard;
      if (cluster !== "" && cluster !== clusterOf(servers)) {
        const text = "bootstrap: this server belongs already to a group that began with other servers";
        return fail(serverError("rejected", text));
      }
      parts.run({ kind: "bootstrap", configuration });
      return ok(null);
    },
    lookForLeader() {
      if (parts.hasFailed()) return;
      parts.leads(); // starts the timers of a server that has just been constructed
      parts.run({ kind: "stir" });
    },
    recover(servers, epoch) {
      const { state } = parts;
      if (parts.hasFailed()) return fail(serverError("noLeader"));
      parts.leads(); // starts the timers of a server that has just been constructed
      const configuration = { servers, outgoing: [] };
      const refusal = refusalOfRecovery(state, configuration, epoch, parts.now());
      if (refusal !== null) return fail(serverError("rejected", refusal));
      const before = { commitIndex: state.commitIndex, lastIndex: lastIndex(state.log) };
      parts.run({ kind: "recover", configuration, epoch });
      return ok({ epoch, index: before.lastIndex + 1, ...before });
    },
    answered(answer) {
      if (answer.kind === "changeRefused") {
        asked.shift()?.(fail(serverError("rejected", answer.reason)));
      } else if (answer.kind === "changing") {
        underWay = asked.shift() ?? null;
      } else if (answer.kind === "transferRefused") {
        transferring?.(fail(serverError("rejected", answer.reason)));
        transferring = null;
      } else if (answer.kind === "changed") {
        const settle = underWay;
        underWay = null;
        settle?.(ok(answer.index));
      }
    },
    lost() {
      const lost = fail(serverError("leadershipLost"));
      underWay?.(lost);
      underWay = null;
      if (parts.hasFailed()) {
        // What was asked and not looked at yet is answered by raft, unless that has stopped.
        for (const settle of asked) settle(lost);
        asked = [];
      }
      transferring?.(parts.hasFailed() ? lost : ok(null));
      transferring = null;
    },
  };
}

/** All servers of the configuration in force, of both halves when it is joint. */
export function serversOf(state: RaftState): readonly RaftServer[] {
  const { servers, outgoing } = indexedConfigurationOf(state).configuration;
  return [...servers, ...outgoing.filter((server) => !servers.some((known) => known.id === server.id))];
}
