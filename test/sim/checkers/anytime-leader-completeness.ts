// §5.4 Leader Completeness: what was committed in a term is in the log of every leader of a later term. Told after every
// step; notes of commits wait until what the committing server wrote is durable.

import { lastIndex, termAt } from "../../../shared/raft/log.ts";
import type { RaftState } from "../../../shared/raft/state.ts";
import type { LogIndex, Term } from "../../../shared/raft/types.ts";

export type LeaderCompletenessChecker = {
  /** A server leads from now on: null if its log holds all that is known to be committed. */
  leads(state: RaftState): Error | null;
  /** What this server takes for committed: to be noted when all it wrote is durable. */
  committing(state: RaftState): () => void;
  committedIndex(): LogIndex;
  /**
   * An operator gave up a lost majority, and this server goes on with all of its log up to `kept`: up to which of it is
   * what was committed. From now on all that it kept is.
   */
  recovered(state: RaftState, kept: LogIndex): () => LogIndex;
};

export function leaderCompleteness(): LeaderCompletenessChecker {
  /** The term of each committed entry, and the term in which somebody first knew that it was. */
  const terms: (Term | undefined)[] = [];
  let committed = 0;
  let committedInTerm: Term = 0;

  return {
    committedIndex: () => committed,
    leads(state) {
      const { config, hard, log } = state;
      if (hard.term < committedInTerm || committed === 0) return null;
      const who = `${config.id} leads term ${hard.term}`;
      const last = lastIndex(log);
      if (last < committed) return new Error(`${who} and ends at ${last}, but ${committed} is committed`);
      const held = termAt(log, committed);
      const known = terms[committed];
      if (held === null || known === undefined || held === known) return null;
      return new Error(
        `${who} with an entry of term ${held} at ${committed}, where one of ${known} is committed`,
      );
    },
    recovered(state, kept) {
      const { base } = state.log;
      const held: (Term | undefined)[] = [];
      for (let index = base.index; index <= kept; index += 1) {
        held[index] = termAt(state.log, index) ?? undefined;
      }
      return () => {
        let common = Math.min(kept, committed);
        while (common > base.index && held[common] !== terms[common]) common -= 1;
        for (let index = common + 1; index <= kept; index += 1) terms[index] = held[index];
        terms.length = kept + 1;
        committed = kept;
        committedInTerm = 0;
        return common;
      };
    },
    committing(state) {
      const { commitIndex } = state;
      const { term } = state.hard;
      const { id } = state.config;
      const found: (readonly [LogIndex, Term | null])[] = [];
      for (let index = Math.min(committed + 1, commitIndex); index <= commitIndex; index += 1) {
        found.push([index, termAt(state.log, index)]);
      }
      return () => {
        for (const [index, entryTerm] of found) note(id, index, entryTerm);
        if (commitIndex > committed) committedInTerm = Math.max(committedInTerm, term);
        committed = Math.max(committed, commitIndex);
      };
    },
  };

  function note(id: string, index: LogIndex, term: Term | null): void {
    if (term === null) return;
    const known = terms[index];
    if (known === undefined) terms[index] = term;
    else if (known !== term) {
      throw new Error(`${id} takes ${index} of term ${term} for committed, but it is of term ${known}`);
    }
  }
}
