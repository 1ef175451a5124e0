// §5.4 State Machine Safety: what one server applied at an index is what every server applies there, in order.

import type { Entry, LogIndex } from "../../../shared/raft/types.ts";

export type AppliedChecker = {
  applied(id: string, entry: Entry): void;
  /** The entry that the group applied at `index`, if any did. */
  at(index: LogIndex): Entry | undefined;
  count(): number;
};

/** Told of every entry that any server applies. A crash may make a server apply the same one again. */
export function appliedStateEqual(): AppliedChecker {
  const history = new Map<LogIndex, Entry>();
  return {
    applied(id, entry) {
      const known = history.get(entry.index);
      if (known !== undefined && (known.command !== entry.command || known.term !== entry.term)) {
        throw new Error(
          `${id} applies another entry at ${entry.index}: ${entry.command}, not ${known.command}`,
        );
      }
      history.set(entry.index, entry);
    },
    at: (index) => history.get(index),
    count: () => history.size,
  };
}
