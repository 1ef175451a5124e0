// Request and reply of the HTTP API as values, and the shape of a route. The two doors are
// worker/runtime/web-http.ts and agent/runtime/http-listener.ts; routes see neither.

import type { Millis } from "../base/brand.ts";
import type { Result } from "../base/result.ts";
import type { ServerError } from "../errors.ts";
import type { Compression } from "./compression.ts";
import type { Backend, Cancellation } from "../rpc/backend.ts";
import type { ReadCache } from "./cached-read.ts";

export type HttpMethod = "GET" | "PUT" | "POST" | "DELETE";

export type HttpRequest = {
  readonly method: string;
  /** Decoded path parameters by name; `:key*` takes the rest of the path, slashes included. */
  readonly params: Readonly<Record<string, string>>;
  /** Everything behind "?" undecoded, "" when there is none (Consul echoes it in some errors). */
  readonly rawQuery: string;
  /** First value of a parameter, "" for a bare one, undefined when absent. */
  query(name: string): string | undefined;
  queryAll(name: string): readonly string[];
  /** Header by lower-case name. */
  header(name: string): string | undefined;
  /** The body, refused as soon as it is known to pass `bytesMax`; `setting` names Consul's limit in the error. */
  body(bytesMax: number, setting: string): Promise<Result<Uint8Array, ServerError>>;
  /** Of the connection, where the door knows it. */
  readonly remoteAddress?: string | undefined;
  readonly cancellation: Cancellation;
};

/**
 * A body that is made while it is sent: snapshots, logs, event streams. The door sends the headers at once, never
 * packs such a body, and closes the connection without an orderly end when `stream` rejects.
 */
export type StreamBody = {
  /** Resolves at the end of the body. `cancellation` fires when the client has gone: `stream` must then end soon. */
  readonly stream: (push: PushPiece, cancellation: Cancellation) => Promise<void>;
};

/** Sends one piece; resolves when there is room for the next one, so that a slow client does not fill the memory. */
export type PushPiece = (piece: string | Uint8Array) => Promise<void>;

export type HttpReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | StreamBody | null;
  /** No handler was asked (redirects, unknown and malformed paths): such a reply is never packed and says no Vary. */
  readonly isUnrouted?: true;
  /**
   * The one answer of the backend that, with the request, makes this reply what it is: kept-replies.ts may give it again.
   */
  readonly madeOf?: object;
};

/** True for a body that is made while it is sent. */
export function isStreamBody(body: HttpReply["body"]): body is StreamBody {
  return typeof body === "object" && body !== null && "stream" in body;
}

/** What a handler may use beside the request. */
export type ApiContext = {
  readonly backend: Backend;
  readonly datacenter: string;
  /** Of the agent that answers; the Worker has none. */
  readonly nodeName?: string;
  /** The token used when a request brings none. */
  readonly defaultToken: string;
  /** Consul prints indented JSON in -dev mode without being asked. */
  readonly alwaysPretty: boolean;
  /** Absent: snapshots cannot be packed here. */
  readonly compression?: Compression;
  /** For ?cached; absent where nothing is kept. */
  readonly cache?: ReadCache;
  /** What an operator may have set; absent: the limits of shared/limits.ts. */
  readonly settings?: ApiSettings;
};

export type ApiSettings = {
  readonly defaultWaitMillis: Millis;
  readonly maxWaitMillis: Millis;
  /** Above 0: catalog and health reads that demand nothing else may be so old. */
  readonly discoveryMaxStaleMillis: Millis;
  readonly kvValueBytesMax: number;
  readonly txnBytesMax: number;
};

export type Route<Context = ApiContext> = {
  readonly method: HttpMethod;
  readonly path: string;
  readonly summary: string;
  readonly handle: (request: HttpRequest, context: Context) => Promise<HttpReply>;
};
