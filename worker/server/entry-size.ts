// Whether a command fits a row of the log, where it stands as a JSON text inside a JSON list (raft-store.ts). Asked before
// anything is proposed: an entry that no server can store would stop them all.

import { type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";

/** No character takes more bytes than this in the row: three of UTF-8, two for a quote. */
const bytesPerCharacterMax = 3;

/** The error for a command that is too large; null when it fits. */
export function entryTooLarge(command: string): ServerError | null {
  if (command.length * bytesPerCharacterMax + 2 <= limits.logEntryBytesMax) return null;
  const bytes = new TextEncoder().encode(JSON.stringify(command)).length;
  if (bytes <= limits.logEntryBytesMax) return null;
  return serverError("commandTooLarge", String(bytes), String(limits.logEntryBytesMax));
}
