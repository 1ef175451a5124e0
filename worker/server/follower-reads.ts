// Fresh reads on a follower (thesis §6.4): the leader says how far the commits are, this server waits until it has
// applied that, and answers out of its own state. All reads of a turn ask together, so that the leader hears one
// question where it would get each read, and every server carries the reads of its own agents.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { RpcReply } from "../../shared/rpc/methods.ts";
import type { Deadlines } from "./deadlines.ts";
import { groupOf } from "./endpoints/read-index.ts";
import type { Forwarding } from "./forwarding.ts";
import type { Defer } from "./ports.ts";
import type { RaftDriver } from "./raft-driver.ts";

/** here: this server's state is as new as the read must be. leader: it is not, the leader has to answer. */
export type Freshness = "here" | "leader";

export type FollowerReads = {
  /** `lease`: for a default read; a consistent one has the quorum asked. */
  freshen(lease: boolean): Promise<Result<Freshness, ServerError>>;
};

type Parts = {
  readonly driver: Pick<RaftDriver, "status" | "applied" | "confirmLeadership">;
  readonly forwarding: Forwarding;
  readonly deadlines: Deadlines;
  readonly defer: Defer;
};

/** Commits are on their way; a server that is further behind is catching up. */
const catchUpMillis: Millis = 250;
/** Questions under way at once; reads that come meanwhile ask together after them, */
const questionsMax = 2;
/** unless the answers take long: whoever waits for a leader waits for his own time. */
const patienceMillis: Millis = 100;

type Asker = (answer: Result<Freshness, ServerError>) => void;
type Queue = { readonly lease: boolean; waiting: Asker[]; isDue: boolean; isLate: boolean; asking: number };

/** The follower's part of one server's reads. */
export function createFollowerReads(parts: Parts): FollowerReads {
  const { driver, forwarding, deadlines } = parts;
  const queues = {
    lease: { lease: true, waiting: [], isDue: false, isLate: false, asking: 0 } as Queue,
    quorum: { lease: false, waiting: [], isDue: false, isLate: false, asking: 0 } as Queue,
  };

  function schedule(queue: Queue): void {
    if (queue.isDue || queue.waiting.length === 0) return;
    if (queue.asking < questionsMax) {
      queue.isDue = true;
      parts.defer(() => {
        queue.isDue = false;
        void ask(queue);
      });
    } else if (!queue.isLate) {
      queue.isLate = true;
      deadlines.after(patienceMillis, () => {
        queue.isLate = false;
        void ask(queue);
      });
    }
  }

  async function ask(queue: Queue): Promise<void> {
    const askers = queue.waiting;
    if (askers.length === 0) return;
    queue.waiting = [];
    queue.asking += 1;
    const answer = await question(queue.lease);
    queue.asking -= 1;
    for (const settle of askers) settle(answer);
    schedule(queue);
  }

  async function question(lease: boolean): Promise<Result<Freshness, ServerError>> {
    const answer = await forwarding.atLeader({
      method: "Read.Index",
      request: { token: "", lease },
      kind: "read",
      forwarded: false,
      here: async () => {
        const confirmed = await driver.confirmLeadership(lease);
        return confirmed.ok ? ok({ index: confirmed.value, group: groupOf(driver.status()) }) : confirmed;
      },
    });
    // A server of an older release reads for us, as it always did.
    if (!answer.ok) return answer.error.code === "notImplemented" ? ok("leader") : answer;
    const { index, group } = answer.value as RpcReply<"Read.Index">;
    if (group !== groupOf(driver.status())) return ok("leader");
    return ok((await hasApplied(index)) ? "here" : "leader");
  }

  function hasApplied(index: number): Promise<boolean> {
    if (driver.status().appliedIndex >= index) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = deadlines.after(catchUpMillis, () => resolve(false));
      void driver.applied(index).then((reached) => {
        cancel();
        resolve(reached.ok);
      });
    });
  }

  return {
    freshen(lease) {
      const queue = lease ? queues.lease : queues.quorum;
      if (queue.waiting.length >= waitingMax) return Promise.resolve(fail(serverError("tooBusy", "reads")));
      return new Promise((resolve) => {
        queue.waiting.push(resolve);
        schedule(queue);
      });
    },
  };
}

const waitingMax = 50_000;
