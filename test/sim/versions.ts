// Mixed adjacent releases. A newer one may say more than this one knows: a field that is not known changes nothing. An
// older one says less: a field that came later may be missing. When a message changes its form, both belong here.

import type { RaftMessage } from "../../shared/raft/types.ts";

/** The message as a newer release might say it. */
export function fromNewerRelease(message: RaftMessage): RaftMessage {
  const more = { fromNewerRelease: { nested: [1, 2, 3] } };
  if (message.kind !== "append") return { ...message, ...more };
  return { ...message, ...more, entries: message.entries.map((entry) => ({ ...entry, ...more })) };
}

/**
 * The message as the first release said it: of no cluster and epoch, and without leadership transfers. Once a majority was
 * recovered nobody is of that release: it would not know that it was left behind.
 */
export function fromOlderRelease(message: RaftMessage): RaftMessage {
  const { cluster: _cluster, ...rest } = message;
  if (rest.kind === "append") return { ...rest, ...{ allMatched: 0 } };
  if (rest.kind !== "requestVote") return rest;
  const { transfer: _transfer, ...request } = rest;
  return request as RaftMessage; // the decoder puts in what is missing
}
