// What a door (worker/runtime, agent/runtime) hands to the router: the request as it came, nothing decoded.

import type { Result } from "../base/result.ts";
import type { ServerError } from "../errors.ts";
import type { Cancellation } from "../rpc/backend.ts";

export type DoorRequest = {
  readonly method: string;
  /** The path as sent, still percent-encoded, without the query. */
  readonly path: string;
  /** Everything behind "?", "" when there is none. */
  readonly rawQuery: string;
  /** Header by lower-case name. */
  header(name: string): string | undefined;
  body(bytesMax: number, setting: string): Promise<Result<Uint8Array, ServerError>>;
  /** Of the connection, where the door knows it. */
  readonly remoteAddress?: string | undefined;
  readonly cancellation: Cancellation;
};
