// Turns results into replies; the only place where an error becomes a status and a body.

import { toPlainJson } from "../base/json.ts";
import type { Result } from "../base/result.ts";
import { errorMessage, errors, type ServerError } from "../errors.ts";
import type { Consistency, QueryMeta, Reply } from "../structs/query.ts";
import type { HttpReply, HttpRequest } from "./http.ts";
import { sharedJson } from "./shared-json.ts";

/** The part of a context that decides how JSON is printed. */
export type PrintContext = { readonly alwaysPretty: boolean };

const jsonHeaders = { "Content-Type": "application/json" } as const;
const textHeaders = { "Content-Type": "text/plain; charset=utf-8" } as const;

function jsonOf(value: unknown, pretty: boolean): string | Uint8Array {
  return typeof value === "object" && value !== null
    ? sharedJson(value, pretty, toPlainJson)
    : toPlainJson(value, pretty);
}

/** Success without a body: 200, no Content-Type. */
export const emptyReply: HttpReply = { status: 200, headers: {}, body: null };

/** True when the answer is to be indented: `?pretty`, or always in -dev mode. */
export function wantsPretty(request: HttpRequest, context: PrintContext): boolean {
  return context.alwaysPretty || (request.rawQuery !== "" && request.query("pretty") !== undefined);
}

/** 200 with a JSON body. KV entries go through kv-json.ts instead, for the sake of their Flags. */
export function jsonReply(request: HttpRequest, context: PrintContext, value: unknown): HttpReply {
  return { status: 200, headers: jsonHeaders, body: toPlainJson(value, wantsPretty(request, context)) };
}

/** Any status with a plain text body, as Consul writes its messages: no newline at the end. */
export function textReply(status: number, text: string): HttpReply {
  return { status, headers: textHeaders, body: text };
}

/** Status and text from the table of errors. */
export function errorReply(error: ServerError): HttpReply {
  const text = errorMessage(error);
  const { status } = errors[error.code];
  // Consul closes the connection on a refused body, whose rest nobody is going to read.
  if (error.code === "bodyTooLarge") {
    return { status, headers: { ...textHeaders, Connection: "close" }, body: text };
  }
  return { status, headers: textHeaders, body: text };
}

/** X-Consul-Index, -Knownleader and -Lastcontact, in the case in which they stand on Consul's wire. */
export function metaHeaders(meta: QueryMeta): Record<string, string> {
  return {
    "X-Consul-Index": String(meta.index),
    "X-Consul-Knownleader": meta.knownLeader ? "true" : "false",
    "X-Consul-Lastcontact": String(Math.trunc(meta.lastContactMillis)),
  };
}

const effectiveConsistency: { readonly [C in Consistency]: string } = {
  default: "leader",
  consistent: "consistent",
  stale: "stale",
};

/** The headers of catalog and health reads, which say also with which consistency they were answered. */
export function consistencyHeaders(meta: QueryMeta): Record<string, string> {
  const headers = metaHeaders(meta);
  headers["X-Consul-Effective-Consistency"] = effectiveConsistency[meta.consistency];
  return headers;
}

/** The reply to a catalog or health read. `present` turns the result into what the API shows. */
export function queryReply<T>(
  request: HttpRequest,
  context: PrintContext,
  result: Result<Reply<T>, ServerError>,
  present: (value: T) => unknown = (value) => value,
): HttpReply {
  if (!result.ok) return failedQueryReply(result.error);
  const headers = consistencyHeaders(result.value.meta);
  headers["Content-Type"] = "application/json";
  const body = jsonOf(present(result.value.value), wantsPretty(request, context));
  return { status: 200, headers, body };
}

/** The reply to a read of any other area: without the header that says how consistent it is. */
export function plainQueryReply<T>(
  request: HttpRequest,
  context: PrintContext,
  result: Result<Reply<T>, ServerError>,
): HttpReply {
  if (!result.ok) return failedQueryReply(result.error);
  const headers = metaHeaders(result.value.meta);
  headers["Content-Type"] = "application/json";
  return { status: 200, headers, body: jsonOf(result.value.value, wantsPretty(request, context)) };
}

/** The reply, to be given again for as long as the result holds that, with the request, decides all of it. */
export function keepable(reply: HttpReply, result: Result<object, ServerError>): HttpReply {
  return result.ok ? { ...reply, madeOf: result.value } : reply;
}

/** A catalog or health read that failed behind the border: it still carries query headers; index 0 is never sent. */
export function failedQueryReply(error: ServerError): HttpReply {
  const reply = errorReply(error);
  if (errors[error.code].status !== 500) return reply;
  const headers = metaHeaders({ index: 1, lastContactMillis: 0, knownLeader: false, consistency: "default" });
  return { ...reply, headers: { ...headers, ...reply.headers } };
}

const encoder = new TextEncoder();

/** A text as a header carries it: its UTF-8 bytes, as Go sends them, without what would end a line. */
export function headerText(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return String.fromCharCode(...encoder.encode(text)).replace(/[\x00-\x1f\x7f]/g, " ");
}
