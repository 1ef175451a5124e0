// §5.2 Election Safety: at most one server leads a term, whatever happened.

import type { ServerId, Term } from "../../../shared/raft/types.ts";

/** Told of every step of a leader, once its election is durable. Two instances of one server may both lead its term. */
export function oneLeaderPerTerm(): (id: ServerId, term: Term) => void {
  const leaders = new Map<Term, ServerId>();
  return (id, term) => {
    const known = leaders.get(term);
    if (known === undefined) leaders.set(term, id);
    else if (known !== id) throw new Error(`term ${term} has two leaders: ${known} and ${id}`);
  };
}
