// Every error that a client can see: status, Consul's text, and whether the same call may be tried again.
// A message may hold {0}, {1}: filled from ServerError.args. Turned into a reply only by shared/api/reply.ts.

export type Retry =
  | "never" // the request itself is wrong
  | "soon" // nothing was done; try again in a moment
  | "unknown"; // it may or may not have been done: read before writing again

export type ErrorRow = { readonly status: number; readonly message: string; readonly retry: Retry };

export const errors = {
  badRequest: { status: 400, message: "{0}", retry: "never" },
  decodeFailed: { status: 400, message: "Request decode failed: {0}", retry: "never" },
  permissionDenied: { status: 403, message: "Permission denied", retry: "never" },
  aclDisabled: { status: 401, message: "ACL support disabled", retry: "never" },
  notFound: { status: 404, message: "{0}", retry: "never" },
  methodNotAllowed: { status: 405, message: "method {0} not allowed", retry: "never" },
  bodyTooLarge: {
    status: 413,
    message:
      "Request body({0} bytes) too large, max size: {1} bytes. See https://www.consul.io/docs/agent/options.html#{2}.",
    retry: "never",
  },
  commandTooLarge: {
    status: 413,
    message: "Request is too large for the servers' log: {0} bytes, max size: {1} bytes. Write less at once.",
    retry: "never",
  },
  txnTooLarge: {
    status: 413,
    message: "Transaction contains too many operations ({0} > {1})",
    retry: "never",
  },
  txnValueTooLarge: {
    status: 413,
    message: 'Value for key "{0}" is too large ({1} bytes)',
    retry: "never",
  },
  /** Consul answers 500 to most semantic mistakes; {0} is Consul's own text. */
  rejected: { status: 500, message: "{0}", retry: "never" },
  noLeader: { status: 500, message: "No cluster leader", retry: "soon" },
  noPathToDatacenter: { status: 500, message: "No path to datacenter", retry: "never" },
  leadershipLost: {
    status: 500,
    message:
      "leadership lost while committing log: the write may or may not have happened, read it before you repeat it",
    retry: "unknown",
  },
  tooBusy: { status: 429, message: "{0}: the server's queue is full, try again in a moment", retry: "soon" },
  noServers: {
    status: 500,
    message: "rpc error getting client: failed to get conn: no server is reachable ({0})",
    retry: "soon",
  },
  /** Gossip knows of no server that is alive. */
  noKnownServers: { status: 500, message: "No known Consul servers", retry: "soon" },
  timeout: { status: 500, message: "{0} did not answer in time", retry: "unknown" },
  notImplemented: {
    status: 501,
    message: "{0} is not available yet: see docs/compatibility.md",
    retry: "never",
  },
  answerTooLarge: {
    status: 500,
    message:
      "the answer is larger than {0} bytes, which the servers can hold: ask for less (pages with limit= and after=, a longer prefix, keys only, a snapshot)",
    retry: "never",
  },
  /** An endpoint of agents, asked of the Worker; {0} says why. */
  notAtTheEdge: { status: 501, message: "not at the edge: {0}", retry: "never" },
  internal: { status: 500, message: "internal error: {0}", retry: "unknown" },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errors;

/** Plain data, so that it crosses the link and object-to-object RPC unchanged. */
export type ServerError = {
  readonly code: ErrorCode;
  readonly args: readonly string[];
  /** How often it was passed on between servers and agents that say so. */
  readonly hops?: number;
};

export function serverError(code: ErrorCode, ...args: string[]): ServerError {
  return { code, args };
}

/** The same error, heard from another server: Consul's text then says that a call failed. */
export function passedOn(error: ServerError): ServerError {
  return { ...error, hops: (error.hops ?? 0) + 1 };
}

/** The text a client reads. */
export function errorMessage(error: ServerError): string {
  const text = errors[error.code].message.replace(/\{(\d)\}/g, (_, n) => error.args[Number(n)] ?? "");
  return "rpc error making call: ".repeat(Math.min(error.hops ?? 0, 3)) + text;
}
