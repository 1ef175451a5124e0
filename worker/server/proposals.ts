// Who waits for what was proposed. Every proposal is settled exactly once: committed (with the FSM's result), refused
// (it was never appended), or leadershipLost (it may or may not be committed: nobody here can say).

import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { LogIndex, Term } from "../../shared/raft/types.ts";

type Settle = (outcome: Result<unknown, ServerError>) => void;
type Waiting = { readonly command: string; readonly settle: Settle };
type Appended = { readonly term: Term; readonly bytes: number; readonly settle: Settle };

export type Proposals = {
  /** Queues a command of this turn; false when the queue is full. */
  add(command: string, settle: Settle): boolean;
  /** The commands of this turn, to be proposed as one batch; they wait for `appended` or `refused`. */
  take(): readonly string[];
  appended(indexes: readonly LogIndex[], term: Term): void;
  /** What was taken last was not appended. */
  refused(): void;
  /** The entry at `index` was applied here. */
  applied(index: LogIndex, term: Term, result: unknown): void;
  /** No longer the leader: what was appended may still be committed by the next one, or not. */
  lost(): void;
  size(): number;
};

/** An empty table of proposals. */
export function createProposals(): Proposals {
  let waiting: Waiting[] = [];
  let taken: Waiting[] = [];
  const appended = new Map<LogIndex, Appended>();
  let bytes = 0;
  const size = () => waiting.length + taken.length + appended.size;

  return {
    size,
    add(command, settle) {
      if (size() >= limits.proposalQueueMax || bytes + command.length > limits.proposalQueueBytesMax)
        return false;
      bytes += command.length;
      waiting.push({ command, settle });
      return true;
    },
    take() {
      taken = waiting;
      waiting = [];
      return taken.map((proposal) => proposal.command);
    },
    appended(indexes, term) {
      for (const [i, index] of indexes.entries()) {
        const proposal = taken[i];
        if (proposal === undefined) continue;
        appended.set(index, { term, bytes: proposal.command.length, settle: proposal.settle });
      }
      taken = [];
    },
    refused() {
      const settled = taken;
      taken = [];
      for (const proposal of settled) {
        bytes -= proposal.command.length;
        proposal.settle(fail(serverError("noLeader")));
      }
    },
    applied(index, term, result) {
      const proposal = appended.get(index);
      if (proposal === undefined) return;
      appended.delete(index);
      bytes -= proposal.bytes;
      proposal.settle(proposal.term === term ? ok(result) : fail(serverError("leadershipLost")));
    },
    lost() {
      const settled = [
        ...appended.values(),
        ...taken.map(({ command, settle }) => ({ bytes: command.length, settle })),
      ];
      appended.clear();
      taken = [];
      for (const proposal of settled) {
        bytes -= proposal.bytes;
        proposal.settle(fail(serverError("leadershipLost")));
      }
    },
  };
}
