// Reads with the consistency they ask for (design.md §3, Consul's "Consistency Modes"). Plain default and consistent
// reads are the leader's; stale ones are answered here. A blocking query waits on this server's own applied state,
// also on a follower: an index above the client's proves that the answer is newer than what the client has.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { Cancellation } from "../../shared/rpc/backend.ts";
import type { Consistency, QueryMeta, QueryOptions, Reply } from "../../shared/structs/query.ts";
import { ResultTooLarge } from "../../shared/state/bounded-sql.ts";
import type { ReadMethod, ReadResult } from "../../shared/state/reads.ts";
import type { BlockingQueries, Parked } from "./blocking-queries.ts";
import type { AnswerCache } from "./answer-cache.ts";
import type { Deadlines } from "./deadlines.ts";
import type { FollowerReads } from "./follower-reads.ts";
import type { Forwarding } from "./forwarding.ts";
import type { RaftDriver } from "./raft-driver.ts";
import type { LeaderContact } from "./raft-status.ts";

export type ReadAnswer = Result<Reply<unknown>, ServerError>;

/** Who asks: a link's agent cancels by itself, an HTTP caller at the Worker needs a deadline, a peer never blocks. */
export type ReadOrigin = "link" | "backend" | "peer";

export type ReadRequest = {
  readonly method: ReadMethod;
  readonly request: { readonly options: QueryOptions };
  readonly origin: ReadOrigin;
  readonly cancellation: Cancellation | null;
};

/** An answer that is known at once is no promise. */
export type Reads = {
  read(asked: ReadRequest): ReadAnswer | Promise<ReadAnswer>;
  /** Would the read that was answered with this very value be answered with it again now? */
  stillHolds(answer: object): boolean;
};

/** What an answer was made of that is given again and again. */
type Kept = {
  readonly signature: string;
  readonly result: ReadResult<unknown>;
  readonly options: QueryOptions;
};

type Parts = {
  readonly driver: Pick<RaftDriver, "contact" | "confirmLeadership" | "mayReadNow">;
  readonly cache: AnswerCache;
  readonly forwarding: Forwarding;
  readonly followerReads: FollowerReads;
  readonly blocking: BlockingQueries;
  readonly deadlines: Deadlines;
  /** Reads this server's own applied state. */
  local(method: ReadMethod, request: unknown): ReadResult<unknown>;
};

/** Reads of one server. */
export function createReads(parts: Parts): Reads {
  /** `isFresh`: as good as from the leader itself. */
  function answer(asked: ReadRequest, result: ReadResult<unknown>, isFresh = false): ReadAnswer {
    const contact = parts.driver.contact();
    const meta: QueryMeta = {
      index: result.index,
      lastContactMillis: isFresh ? 0 : lastContactOf(contact),
      knownLeader: isFresh || contact.leader !== null || contact.role === "leader",
      consistency: asked.request.options.consistency,
    };
    return ok({ meta, value: result.value });
  }

  const keptAnswers = new WeakMap<object, Kept>();
  const answersOf = new WeakMap<ReadResult<unknown>, Map<string, ReadAnswer>>();

  /** The same value for the same result, while this server leads: what it says of itself does not change then. */
  function answerNow(asked: ReadRequest): ReadAnswer {
    const { options } = asked.request;
    const signature = signatureOf(asked);
    const result = local(asked, signature);
    const mayKeep = options.minIndex === 0 && parts.cache.holds(signature, result);
    if (!mayKeep || parts.driver.contact().role !== "leader") return answer(asked, result);
    const shape = `${options.consistency} ${options.maxStaleMillis ?? ""}`;
    const answers = answersOf.get(result) ?? new Map<string, ReadAnswer>();
    const known = answers.get(shape);
    if (known !== undefined) return known;
    const made = answer(asked, result);
    if (made.ok) keptAnswers.set(made.value, { signature, result, options });
    answersOf.set(result, answers.set(shape, made));
    return made;
  }

  function stillHolds(given: object): boolean {
    const kept = keptAnswers.get(given);
    if (kept === undefined || !parts.cache.holds(kept.signature, kept.result)) return false;
    return parts.driver.contact().role === "leader" && mayAnswerNow(demanded(kept.options));
  }

  function local(asked: ReadRequest, signature = signatureOf(asked)): ReadResult<unknown> {
    return parts.cache.read(signature, () => parts.local(asked.method, asked.request));
  }

  /** A stale read that sets a limit is the leader's when this server heard from it too long ago. */
  function demanded({ consistency, maxStaleMillis }: QueryOptions): Consistency {
    if (consistency !== "stale" || maxStaleMillis === undefined) return consistency;
    return lastContactOf(parts.driver.contact()) > maxStaleMillis ? "default" : "stale";
  }

  /** The hot path: nobody has to be asked, nothing has to be waited for. */
  function mayAnswerNow(consistency: Consistency): boolean {
    if (consistency === "stale") return hasState(parts.driver.contact());
    return parts.driver.mayReadNow(consistency);
  }

  function plain(asked: ReadRequest): ReadAnswer | Promise<ReadAnswer> {
    const consistency = demanded(asked.request.options);
    return mayAnswerNow(consistency) ? answerNow(asked) : fresh(asked, consistency);
  }

  async function fresh(asked: ReadRequest, consistency: Consistency): Promise<ReadAnswer> {
    if (asked.origin !== "peer" && parts.driver.contact().role !== "leader") {
      const state = await parts.followerReads.freshen(consistency === "default");
      if (!state.ok) return state;
      // Consul's followers pass these reads on, and what is refused inside of an answer says so.
      if (state.value === "here")
        return parts.forwarding.marked(answer(asked, local(asked), true)) as ReadAnswer;
    }
    return fromLeader(asked, consistency);
  }

  async function fromLeader(asked: ReadRequest, consistency: Consistency): Promise<ReadAnswer> {
    const options: QueryOptions = { ...asked.request.options, consistency, minIndex: 0, waitMillis: 0 };
    const request = { ...asked.request, options };
    const result = await parts.forwarding.atLeader({
      method: asked.method,
      request,
      kind: "read",
      forwarded: asked.origin === "peer",
      async here() {
        const confirmed = await parts.driver.confirmLeadership(consistency === "default");
        if (!confirmed.ok) return confirmed;
        return bounded(() => answer(asked, local(asked)));
      },
    });
    // The leader runs the same method list: its reply to a read is a Reply.
    return result as ReadAnswer;
  }

  /** Waits until the result moved: "late" when the deadline came first, "gone" when the caller left. */
  function wait(asked: ReadRequest, first: ReadResult<unknown>): Promise<Parked | "late" | "gone"> {
    const { minIndex, waitMillis } = asked.request.options;
    return new Promise((resolve) => {
      let cancelDeadline = (): void => {};
      let settled = false;
      const settle = (outcome: Parked | "late" | "gone"): void => {
        settled = true;
        cancelDeadline();
        resolve(outcome);
      };
      const signature = signatureOf(asked);
      const query = { signature, read: () => local(asked, signature) };
      const leave = parts.blocking.park(query, first, minIndex, settle);
      if (settled) return;
      const end = (outcome: "late" | "gone") => () => {
        if (settled) return;
        leave();
        settle(outcome);
      };
      if (asked.origin === "backend") cancelDeadline = parts.deadlines.after(waitOf(waitMillis), end("late"));
      asked.cancellation?.onAbort(end("gone"));
    });
  }

  async function blocked(asked: ReadRequest): Promise<ReadAnswer> {
    if (asked.cancellation?.aborted) return fail(serverError("timeout", asked.method));
    let result = local(asked);
    if (result.index <= asked.request.options.minIndex) {
      const outcome = await wait(asked, result);
      if (outcome === "gone") return fail(serverError("timeout", asked.method));
      if (outcome === "late") return plain(asked);
      if (outcome.kind === "tooLarge") return fail(tooLarge);
      if (outcome.kind === "full") return fail(serverError("tooBusy", "blocking queries"));
      result = outcome.result;
    }
    // ?consistent promises more than "newer than yours": our state says when, the leader says what.
    if (asked.request.options.consistency === "consistent") return plain(asked);
    return answer(asked, result);
  }

  return {
    stillHolds,
    read(asked) {
      const blocks = asked.request.options.minIndex > 0 && asked.origin !== "peer";
      return bounded(() => (blocks ? blocked(asked) : plain(asked)));
    },
  };
}

function bounded(body: () => ReadAnswer | Promise<ReadAnswer>): ReadAnswer | Promise<ReadAnswer> {
  try {
    const answer = body();
    return answer instanceof Promise ? answer.catch(refuse) : answer;
  } catch (error) {
    return refuse(error);
  }
}

function refuse(error: unknown): ReadAnswer {
  if (error instanceof ResultTooLarge) return fail(tooLarge);
  throw error;
}

const tooLarge = serverError("answerTooLarge", String(limits.answerCharsMax));

/** Before it ever heard a leader a server has nothing to say, not even that there is nothing (as Consul). */
export function hasState(status: Omit<LeaderContact, "leader">): boolean {
  return status.role === "leader" || status.appliedIndex > 0 || Number.isFinite(status.lastContactMillis);
}

/** What Consul says when there never was a contact: Go's longest duration, in milliseconds. */
const neverMillis: Millis = 9_223_372_036_854;

function lastContactOf(contact: LeaderContact): Millis {
  return contact.role === "leader" ? 0 : Math.min(Math.round(contact.lastContactMillis), neverMillis);
}

function waitOf(waitMillis: Millis): Millis {
  if (waitMillis <= 0) return limits.blockingQueryWaitMillisDefault;
  return Math.min(waitMillis, limits.blockingQueryWaitMillisMax + limits.blockingQueryWaitMillisMax / 16);
}

/**
 * Equal for requests that read the same: everything but how they wait and how fresh they must be. Texts are said with
 * their length, so that none can pretend to be another field. Fields in another order are just not found to be equal.
 */
function signatureOf(asked: ReadRequest): string {
  const { token, near = "" } = asked.request.options;
  let signature = `${asked.method} ${token.length}:${token} ${near.length}:${near}`;
  const fields = asked.request as Readonly<Record<string, unknown>>;
  for (const name in fields) {
    if (name === "options") continue;
    const value = fields[name];
    const isText = typeof value === "string";
    signature += isText ? ` ${name} ${value.length}:${value}` : ` ${name} ${JSON.stringify(value)}`;
  }
  return signature;
}
