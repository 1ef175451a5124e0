// One line of text for a message or a state: for scripts, logs and the simulator's trace.

import { lastIndex, lastPosition } from "./log.ts";
import type { RaftState } from "./state.ts";
import type { LogPosition, RaftMessage } from "./types.ts";

/** "server-1→server-2 append t3 prev 4/2 +2 commit 4 round 7". */
export function describeMessage(message: RaftMessage): string {
  const head = `${message.from}→${message.to} ${message.kind} t${message.term}`;
  switch (message.kind) {
    case "preVote":
      return `${head} last ${position(message.last)}`;
    case "requestVote":
      return `${head} last ${position(message.last)}${message.transfer === null ? "" : " transfer"}`;
    case "preVoteReply":
    case "voteReply":
      return `${head} ${message.granted ? "granted" : "refused"}`;
    case "append": {
      const flags = message.quiesce ? " quiesce" : "";
      const where = `prev ${position(message.prev)} +${message.entries.length}`;
      return `${head}.${message.incarnation} ${where} commit ${message.commitIndex} round ${message.round}${flags}`;
    }
    case "appendReply": {
      const verdict = message.staleIncarnation ? "stale" : message.success ? "match" : "hint";
      return `${head}.${message.incarnation} ${verdict} ${message.matchIndex} round ${message.round}`;
    }
    case "snapshot": {
      const where = `${position(message.last)} chunk ${message.chunk + 1} of ${message.chunks}`;
      return `${head}.${message.incarnation} ${where} round ${message.round}`;
    }
    case "snapshotReply":
      return `${head}.${message.incarnation} ${message.index} wants chunk ${message.next + 1} round ${message.round}`;
    case "timeoutNow":
      return `${head}.${message.incarnation} round ${message.round}`;
    case "stir":
      return head;
  }
}

/** "server-1 leader t3.1 last 6/3 commit 5 applied 5 asleep". */
export function describeState(state: RaftState): string {
  const { config, hard, log } = state;
  const asleep = state.quiescent ? " asleep" : "";
  const end = lastIndex(log) > 0 ? position(lastPosition(log)) : "-";
  const who = `${config.id} ${state.role} t${hard.term}.${hard.incarnation}`;
  return `${who} last ${end} commit ${state.commitIndex} applied ${state.appliedIndex}${asleep}`;
}

function position(at: LogPosition): string {
  return `${at.index}/${at.term}`;
}
