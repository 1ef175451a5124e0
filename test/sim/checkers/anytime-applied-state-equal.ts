// §5.4 State Machine Safety: what one server applied at an index is what every server applies there, in order, with the
// same answer and the same state after it.

import type { AppliedCommand } from "../../../shared/fsm/apply.ts";
import type { LogIndex } from "../../../shared/raft/types.ts";
import type { Sql } from "../../../shared/state/sql.ts";
import { stateHash } from "./state-hash.ts";

/** The whole state is compared at every index that this divides; a prime, so that no rhythm of the clients hides. */
const hashEvery = 61;

type Known = { readonly command: string; readonly answer: string; readonly state: string };

export type AppliedChecker = {
  /** Called inside of the transaction that applies; the note is to be made when that is durable. */
  applying(id: string, sql: Sql, index: LogIndex, command: string, outcome: AppliedCommand): () => void;
  /** What the group applied, by index: what a replay needs. Entries of new leaders are not among it. */
  history(): ReadonlyMap<LogIndex, Known>;
  /** A recovery: what was applied above `common` is lost, and this is what is applied there instead. */
  recovered(common: LogIndex, kept: ReadonlyMap<LogIndex, string>): void;
};

export function appliedStateEqual(): AppliedChecker {
  const history = new Map<LogIndex, Known>();
  const promised = new Map<LogIndex, string>();
  return {
    history: () => history,
    recovered(common, kept) {
      for (const index of [...history.keys()]) if (index > common) history.delete(index);
      for (const [index, command] of kept) promised.set(index, command);
    },
    applying(id, sql, index, command, outcome) {
      const answer = JSON.stringify(outcome);
      const state = index % hashEvery === 0 ? stateHash(sql) : "";
      return () => {
        const known = history.get(index);
        if (known === undefined) {
          if ((promised.get(index) ?? command) !== command) {
            throw new Error(
              `${id} applies ${command} at ${index}, where the recovery kept ${promised.get(index)}`,
            );
          }
          history.set(index, { command, answer, state });
          return;
        }
        if (known.command !== command) {
          throw new Error(`${id} applies another command at ${index}: ${command}, not ${known.command}`);
        }
        if (known.answer !== answer) {
          throw new Error(`${id} answers otherwise at ${index}: ${answer}, not ${known.answer}`);
        }
        if (known.state !== state) throw new Error(`${id} has another state after ${index}: ${command}`);
      };
    },
  };
}
