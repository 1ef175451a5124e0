// What came over the wire, checked field by field: a RaftMessage, or null for anything else. Garbage is refused here,
// so that the core may rely on the shape (never on the truth) of what it is given.

import { limits } from "../limits.ts";
import { checkConfiguration } from "./membership.ts";
import type { Entry, LeaderRound, LogPosition, RaftMessage, ServerId } from "./types.ts";

type Fields = Readonly<Record<string, unknown>>;

const entriesMax = 100_000;

/** The message, with nothing in it that does not belong there; null if it is not one. */
export function decodeRaftMessage(value: unknown): RaftMessage | null {
  if (!isFields(value)) return null;
  const { from, to, term, kind, cluster, epoch } = value;
  if (!isName(from) || !isName(to) || !isCount(term)) return null;
  if ((cluster !== undefined && !isName(cluster)) || (epoch !== undefined && !isCount(epoch))) return null;
  const head = {
    from: from as ServerId,
    to: to as ServerId,
    term,
    ...(cluster === undefined ? {} : { cluster }),
    ...(epoch === undefined ? {} : { epoch }),
  };
  switch (kind) {
    case "stir":
      return { ...head, kind };
    case "preVote": {
      const last = position(value.last);
      return last === null ? null : { ...head, kind, last };
    }
    case "requestVote": {
      const last = position(value.last);
      const transfer = value.transfer === undefined ? null : leaderRound(value.transfer);
      return last === null ? null : { ...head, kind, last, transfer };
    }
    case "snapshot":
      return snapshot(head, value);
    case "snapshotReply": {
      const round = leaderRound(value);
      if (round === null || !isCount(value.index) || !isCount(value.next)) return null;
      return { ...head, kind, ...round, index: value.index, next: value.next };
    }
    case "timeoutNow": {
      const round = leaderRound(value);
      return round === null ? null : { ...head, kind, ...round };
    }
    case "preVoteReply":
    case "voteReply":
      return typeof value.granted === "boolean" ? { ...head, kind, granted: value.granted } : null;
    case "append":
      return append(head, value);
    case "appendReply":
      return appendReply(head, value);
    default:
      return null;
  }
}

type Head = Pick<RaftMessage, "from" | "to" | "term" | "cluster" | "epoch">;

function append(head: Head, value: Fields): RaftMessage | null {
  const { incarnation, commitIndex, round, quiesce } = value;
  const prev = position(value.prev);
  if (prev === null || prev.term > head.term || typeof quiesce !== "boolean") return null;
  if (!isCount(incarnation) || !isCount(commitIndex) || !isCount(round)) return null;
  const entries = entriesAfter(prev, head.term, value.entries);
  if (entries === null) return null;
  return { ...head, kind: "append", incarnation, prev, entries, commitIndex, round, quiesce };
}

function appendReply(head: Head, value: Fields): RaftMessage | null {
  const { incarnation, success, matchIndex, round, staleIncarnation } = value;
  if (!isCount(incarnation) || !isCount(matchIndex) || !isCount(round)) return null;
  if (typeof success !== "boolean" || typeof staleIncarnation !== "boolean") return null;
  return { ...head, kind: "appendReply", incarnation, success, matchIndex, round, staleIncarnation };
}

function snapshot(head: Head, value: Fields): RaftMessage | null {
  const round = leaderRound(value);
  const last = position(value.last);
  const { chunk, chunks, data, configuration: indexed } = value;
  if (round === null || last === null || last.term > head.term || !isFields(indexed)) return null;
  if (!isCount(chunk) || !isCount(chunks) || chunk >= chunks || typeof data !== "string") return null;
  if (data.length > limits.raftMessageCharsMax) return null;
  const configuration = checkConfiguration(indexed.configuration);
  const { index } = indexed;
  if (configuration === null || !isCount(index) || index > last.index) return null;
  return {
    ...head,
    kind: "snapshot",
    ...round,
    last,
    configuration: { index, configuration },
    chunk,
    chunks,
    data,
  };
}

/** Contiguous after `prev`, terms never falling and none above the sender's own. */
function entriesAfter(prev: LogPosition, term: number, value: unknown): readonly Entry[] | null {
  if (!Array.isArray(value) || value.length > entriesMax) return null;
  const entries: Entry[] = [];
  let chars = 0;
  let last: LogPosition = prev;
  for (const item of value) {
    if (!isFields(item) || typeof item.command !== "string") return null;
    const at = position(item);
    if (at === null || at.index !== last.index + 1 || at.term < last.term || at.term > term) return null;
    chars += item.command.length;
    if (chars > limits.raftMessageCharsMax) return null;
    entries.push({ index: at.index, term: at.term, command: item.command });
    last = at;
  }
  return entries;
}

function leaderRound(value: unknown): LeaderRound | null {
  if (!isFields(value) || !isCount(value.incarnation) || !isCount(value.round)) return null;
  return { incarnation: value.incarnation, round: value.round };
}

function position(value: unknown): LogPosition | null {
  if (!isFields(value) || !isCount(value.index) || !isCount(value.term)) return null;
  return { index: value.index, term: value.term };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= 256;
}
