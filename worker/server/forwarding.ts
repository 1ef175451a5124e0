// Brings a request to the leader, wherever that is: does it here, or passes it on, and waits a bounded time for a
// leader to be known. Tries again only when surely nothing was done. A request that was passed on to us already is
// never passed on again: it is answered noLeader with whom we believe to be the leader.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, type Result } from "../../shared/base/result.ts";
import { errors, passedOn, type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { ServerId } from "../../shared/raft/types.ts";
import type { RpcMethod } from "../../shared/rpc/methods.ts";
import type { ServerConfig } from "./config.ts";
import type { Deadlines } from "./deadlines.ts";
import { isObject } from "./endpoints/request-shape.ts";
import type { Clock, Log, Peers } from "./ports.ts";
import type { RaftDriver } from "./raft-driver.ts";

type Answer = Result<unknown, ServerError>;

/** First and longest pause between two tries when no news of a leader comes by itself. */
const pauseMillisMin: Millis = 50;
const pauseMillisMax: Millis = 1_000;
export type LeaderTask = {
  readonly method: RpcMethod;
  readonly request: unknown;
  readonly kind: "read" | "write";
  /** It came from another server. */
  readonly forwarded: boolean;
  /** Does it here, this server being the leader; noLeader when it is not after all, and nothing was done. */
  here(): Promise<Answer>;
};

export type Forwarding = {
  atLeader(task: LeaderTask): Promise<Answer>;
  /** The leader as this server sees it; when it knows none it stirs the group and waits up to `millis` for one. */
  findLeader(millis: Millis): Promise<ServerId | null>;
  /** An answer as Consul's users see one that came from the leader: errors inside of it say that they were passed on. */
  marked(answer: Answer): Answer;
  /** A server became or lost the leader, as this one sees it. */
  roleChanged(): void;
};

type Driver = Pick<RaftDriver, "contact" | "stir" | "unreachable">;
type Ports = { readonly peers: Peers; readonly clock: Clock; readonly log: Log };

/** Forwarding of one server. */
export function createForwarding(
  driver: Driver,
  ports: Ports,
  config: ServerConfig,
  deadlines: Deadlines,
): Forwarding {
  const waiting = new Set<() => void>();
  const holdMillis = config.rpcHoldMillis ?? limits.rpcHoldMillis;
  // A leader may itself be waiting for a quorum for as long as we would; past that it does not answer at all.
  const callMillisMax = 2 * Math.max(holdMillis, limits.rpcHoldMillis);

  function pause(millis: Millis): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        cancel();
        resolve();
      };
      const cancel = deadlines.after(millis, wake);
      waiting.add(wake);
    });
  }

  /** A late answer is dropped: nobody waits longer than a server may take. */
  function within(millis: Millis, late: ServerError, work: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve) => {
      const cancel = deadlines.after(millis, () => resolve(fail(late)));
      const settle = (answer: Answer): void => {
        cancel();
        resolve(answer);
      };
      work.then(settle, (error: unknown) => settle(fail(serverError("internal", String(error)))));
    });
  }

  function believedLeader(): ServerId | null {
    const contact = driver.contact();
    return contact.role === "leader" ? config.id : contact.leader;
  }

  /** Null: surely nothing was done, try again. */
  async function attempt(leader: ServerId, task: LeaderTask, until: Millis): Promise<Answer | null> {
    const left = (): Millis => Math.max(1, until - ports.clock.now());
    if (leader === config.id) {
      // A proposal is answered by raft in any case; a read without a quorum would wait for one.
      const work = task.here();
      const answer = await (task.kind === "write" ? work : within(left(), serverError("noLeader"), work));
      return !answer.ok && answer.error.code === "noLeader" ? null : answer;
    }
    const work = ports.peers.call(leader, task.method, task.request);
    const millis = task.kind === "write" ? callMillisMax : left();
    const answer = await within(millis, serverError("timeout", leader), work);
    if (answer.ok) return marked(answer);
    const { code } = answer.error;
    if (code === "noLeader") return null;
    if (code !== "timeout" && code !== "internal" && code !== "noServers")
      return config.marksForwarded === true ? fail(passedOn(answer.error)) : answer;
    // The call itself failed, as far as we know: raft should find out whether that leader is still there.
    ports.log("warn", "server: a call to the leader failed", { leader, method: task.method, code });
    driver.unreachable(leader);
    if (task.kind === "read" || errors[code].retry === "soon") return null;
    return fail(serverError("leadershipLost"));
  }

  function marked(answer: Answer): Answer {
    return answer.ok && config.marksForwarded === true ? markInside(answer) : answer;
  }

  return {
    marked,
    async findLeader(millis) {
      const until = ports.clock.now() + millis;
      for (let wait = pauseMillisMin; ; wait = Math.min(wait * 2, pauseMillisMax)) {
        if (believedLeader() === null) driver.stir();
        const left = until - ports.clock.now();
        if (believedLeader() !== null || left <= 0) return believedLeader();
        await pause(Math.min(wait, left));
      }
    },
    async atLeader(task) {
      const until = ports.clock.now() + holdMillis;
      let pauseMillis = pauseMillisMin;
      for (;;) {
        // A server that has just woken learns from the first stir what it knew: perhaps that it leads.
        if (believedLeader() === null) driver.stir();
        const leader = believedLeader();
        if (task.forwarded && leader !== config.id) {
          return fail(leader === null ? serverError("noLeader") : serverError("noLeader", leader));
        }
        if (leader !== null) {
          const answer = await attempt(leader, task, until);
          if (answer !== null) return answer;
          if (task.forwarded) return fail(serverError("noLeader"));
          driver.stir();
        }
        const left = until - ports.clock.now();
        if (left <= 0) return fail(serverError("noLeader"));
        const known = believedLeader();
        if (known !== null && known !== leader) continue;
        await pause(Math.min(pauseMillis, left));
        pauseMillis = Math.min(pauseMillis * 2, pauseMillisMax);
      }
    },
    roleChanged() {
      for (const wake of [...waiting]) wake();
    },
  };
}

/** The same for a read whose result is itself an error (a prepared query that is not there). */
function markInside(answer: { readonly ok: true; readonly value: unknown }): Answer {
  const reply = answer.value;
  const inner = isObject(reply) ? reply.value : null;
  if (!isObject(inner) || inner.ok !== false || !isObject(inner.error)) return answer;
  const error = passedOn(inner.error as ServerError);
  return { ok: true, value: { ...(reply as object), value: { ok: false, error } } };
}
