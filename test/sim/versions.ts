// Mixed adjacent releases. Today both speak the same form of every message; what must hold between them is that a field
// that the older one does not know changes nothing. So a server "of the newer release" adds such fields to what it says.
// When a message changes its form, the older form belongs here, and the other way round.

import type { RaftMessage } from "../../shared/raft/types.ts";

/** The message as a newer release might say it. */
export function fromNewerRelease(message: RaftMessage): RaftMessage {
  const more = { fromNewerRelease: { nested: [1, 2, 3] } };
  if (message.kind !== "append") return { ...message, ...more };
  return { ...message, ...more, entries: message.entries.map((entry) => ({ ...entry, ...more })) };
}
