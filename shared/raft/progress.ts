// One follower as its leader sees it, with all transitions: `probe` (where do our logs meet? one message at a time),
// `replicate` (pipelined, optimistic, a bounded number in flight) and `snapshot` (what it needs is not in the log).
//
// 1. match < next; everything up to match is durable at the follower and equal to ours; match never falls.
// 2. `inflight` holds the last index and the size of each unanswered append with entries, ascending; only in replicate.

import type { Millis } from "../base/brand.ts";
import type { LogIndex } from "./types.ts";

export type Progress = {
  state: "probe" | "replicate" | "snapshot";
  match: LogIndex;
  next: LogIndex;
  inflight: { readonly last: LogIndex; readonly bytes: number }[];
  /** The sum of them. */
  inflightBytes: number;
  /** In probe: when the unanswered probe left, null when there is none. */
  probeSentAt: Millis | null;
  /** In snapshot: which cut is being sent, how far it was acknowledged and sent. */
  snapshot: { readonly index: LogIndex; acked: number; next: number; sentAt: Millis | null } | null;
  lastReplyAt: Millis;
  /** Has it answered since the last check of the quorum? */
  active: boolean;
  /** The runtime said that it cannot be reached; cleared by any answer. */
  unreachable: boolean;
  ackedRound: number;
  /** The commit index that was last sent to it. */
  sentCommit: LogIndex;
  /** The configuration that it is not in any more; it is served until it was told that this is committed. */
  leavesAt: LogIndex | null;
};

export function newProgress(lastIndex: LogIndex, now: Millis): Progress {
  return {
    state: "probe",
    match: 0,
    next: lastIndex + 1,
    inflight: [],
    inflightBytes: 0,
    probeSentAt: null,
    snapshot: null,
    lastReplyAt: now,
    active: false,
    unreachable: false,
    ackedRound: 0,
    sentCommit: 0,
    leavesAt: null,
  };
}

/** Back to one careful message at a time, from where we are sure. */
export function becomeProbe(progress: Progress, next: LogIndex): void {
  progress.state = "probe";
  progress.inflight = [];
  progress.inflightBytes = 0;
  progress.probeSentAt = null;
  progress.snapshot = null;
  progress.next = Math.max(progress.match + 1, next);
}

/** The cut at `index` is sent, from its first chunk or from where the follower says that it stopped. */
export function becomeSnapshot(progress: Progress, index: LogIndex): void {
  progress.state = "snapshot";
  progress.inflight = [];
  progress.inflightBytes = 0;
  progress.probeSentAt = null;
  progress.snapshot = { index, acked: 0, next: 0, sentAt: null };
}

/** What may be on its way to one follower without an answer. */
export type InflightMax = { readonly messages: number; readonly bytes: number };

/** May entries be sent now? `patience` is how long an unanswered probe is waited for. */
export function isPaused(progress: Progress, now: Millis, patience: Millis, most: InflightMax): boolean {
  const { inflight, inflightBytes } = progress;
  if (progress.state === "replicate") return inflight.length >= most.messages || inflightBytes >= most.bytes;
  return progress.probeSentAt !== null && now < progress.probeSentAt + patience;
}

/** An append with entries up to `last`, of that size, has left. */
export function sentEntries(progress: Progress, last: LogIndex, bytes: number, now: Millis): void {
  if (progress.state === "probe") {
    progress.probeSentAt = now;
    return;
  }
  progress.inflight.push({ last, bytes });
  progress.inflightBytes += bytes;
  progress.next = last + 1;
}

/** The follower's log matches ours up to `match`. */
export function acknowledged(progress: Progress, match: LogIndex): void {
  progress.match = Math.max(progress.match, match);
  if (progress.state !== "replicate") {
    progress.state = "replicate";
    progress.probeSentAt = null;
    progress.snapshot = null;
    progress.next = progress.match + 1;
    return;
  }
  progress.next = Math.max(progress.next, progress.match + 1);
  for (let first = progress.inflight[0]; first !== undefined && first.last <= progress.match; ) {
    progress.inflightBytes -= first.bytes;
    progress.inflight.shift();
    first = progress.inflight[0];
  }
}

/** The follower refused: `hint` is the highest index where the logs may meet. False when this is old news. */
export function refused(progress: Progress, hint: LogIndex): boolean {
  if (hint < progress.match || hint + 1 > progress.next || progress.state === "snapshot") return false;
  becomeProbe(progress, hint + 1);
  return true;
}
