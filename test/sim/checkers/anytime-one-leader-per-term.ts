// §5.2 Election Safety: at most one server leads a term, whatever happened.

import type { ServerId, Term } from "../../../shared/raft/types.ts";
import type { RaftStatus } from "../../../worker/server/raft-driver.ts";

/** Told of every change of role. */
export function oneLeaderPerTerm(): (id: ServerId, status: RaftStatus) => void {
  const leaders = new Map<Term, ServerId>();
  return (id, status) => {
    if (status.role !== "leader") return;
    const known = leaders.get(status.term) ?? id;
    if (known !== id) throw new Error(`term ${status.term} has two leaders: ${known} and ${id}`);
    leaders.set(status.term, id);
  };
}
