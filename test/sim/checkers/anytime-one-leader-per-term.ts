// §5.2 Election Safety: at most one server leads a term, whatever happened.

import type { RaftState } from "../../../shared/raft/state.ts";
import type { ServerId, Term } from "../../../shared/raft/types.ts";

/** Told after every step. Two instances of one server may both believe that they lead its term. */
export function oneLeaderPerTerm(): (state: RaftState) => void {
  const leaders = new Map<Term, ServerId>();
  return (state) => {
    if (state.role !== "leader") return;
    const { id } = state.config;
    const known = leaders.get(state.hard.term);
    if (known === undefined) leaders.set(state.hard.term, id);
    else if (known !== id) throw new Error(`term ${state.hard.term} has two leaders: ${known} and ${id}`);
  };
}
