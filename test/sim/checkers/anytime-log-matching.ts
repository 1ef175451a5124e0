// §5.3 Log Matching: if two logs hold an entry with the same index and term, they are the same up to there. It is
// enough that such entries carry the same command and the same term before them: the rest follows by induction.

import { termAt } from "../../../shared/raft/log.ts";
import type { RaftState } from "../../../shared/raft/state.ts";
import type { Entry, LogIndex, Term } from "../../../shared/raft/types.ts";

type Known = { readonly command: string; readonly termBefore: Term | null };

export type LogMatchingChecker = {
  /** What this batch says, to be noted when it is durable: what a crash undid never was. */
  appending(state: RaftState, entries: readonly Entry[]): () => void;
};

export function logMatching(): LogMatchingChecker {
  const known = new Map<LogIndex, Map<string, Known>>();
  return {
    appending(state, entries) {
      const first = entries[0]?.index ?? 1;
      let termBefore = first === 1 ? 0 : termAt(state.log, first - 1);
      const { id } = state.config;
      const { epoch } = state.hard;
      const found = entries.map((entry) => {
        const pair = [entry, termBefore] as const;
        termBefore = entry.term;
        return pair;
      });
      return () => {
        for (const [entry, before] of found) note(id, entry, before, epoch);
      };
    },
  };

  function note(id: string, entry: Entry, termBefore: Term | null, epoch: number): void {
    const term = `${epoch}/${entry.term}`; // a recovery may use a term again that the lost servers had seen
    let terms = known.get(entry.index);
    if (terms === undefined) {
      terms = new Map();
      known.set(entry.index, terms);
    }
    const other = terms.get(term);
    if (other === undefined) {
      terms.set(term, { command: entry.command, termBefore });
      return;
    }
    const isSame =
      other.command === entry.command &&
      (other.termBefore === termBefore || other.termBefore === null || termBefore === null);
    if (!isSame) throw new Error(`${id} holds another entry at ${entry.index} of term ${entry.term}`);
  }
}
