// §5.2 Election Safety: at most one server leads a term, whatever happened.

import type { ServerId, Term } from "../../../shared/raft/types.ts";

/** Told of every step of a leader, once its election is durable. Two instances of one server may both lead its term. */
export function oneLeaderPerTerm(): (id: ServerId, term: Term, epoch: number) => void {
  /** A recovery begins to count anew: terms of different epochs are not compared. */
  const leaders = new Map<string, ServerId>();
  return (id, term, epoch) => {
    const name = `${epoch}/${term}`;
    const known = leaders.get(name);
    if (known === undefined) leaders.set(name, id);
    else if (known !== id) throw new Error(`term ${term} has two leaders: ${known} and ${id}`);
  };
}
