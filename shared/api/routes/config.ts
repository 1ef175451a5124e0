// /v1/config: configuration entries of services, proxies and gateways.

import { parseUint64 } from "../../base/go-number.ts";
import { parseGoJson } from "../../base/go-json.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { type ConfigEntry, type ConfigKind, isConfigKind } from "../../structs/config-entry.ts";
import { parseConfigEntry } from "../../structs/parse-config-entry.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { parseQueryOptions, requestToken } from "../params.ts";
import { errorReply, jsonReply, metaHeaders, plainQueryReply, textReply } from "../reply.ts";

/** The routes of this area. */
export const configRoutes: readonly Route[] = [
  { method: "PUT", path: "/v1/config", summary: "Write a config entry", handle: write },
  { method: "GET", path: "/v1/config/:kind", summary: "Config entries of a kind", handle: list },
  { method: "GET", path: "/v1/config/:kind/:name", summary: "Read a config entry", handle: read },
  { method: "DELETE", path: "/v1/config/:kind/:name", summary: "Delete a config entry", handle: remove },
];

async function write(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const entry = await readEntry(request);
  if (!entry.ok) return errorReply(entry.error);
  const casText = request.query("cas") ?? "";
  const cas = casText === "" ? null : parseUint64(casText);
  if (cas !== null && !cas.ok) return errorReply(serverError("rejected", cas.error));
  const call = {
    datacenter: "",
    token: requestToken(request, context),
    operation: cas === null ? ("set" as const) : ("cas" as const),
    entry: entry.value,
    modifyIndex: cas === null ? 0 : Math.min(Number(cas.value), Number.MAX_SAFE_INTEGER),
  };
  const result = await context.backend.call("ConfigEntry.Apply", call, request.cancellation);
  return result.ok ? jsonReply(request, context, result.value) : errorReply(result.error);
}

const decoder = new TextDecoder();

async function readEntry(request: HttpRequest): Promise<Result<ConfigEntry, ServerError>> {
  const body = await request.body(limits.requestBodyBytesMax, "http_config");
  if (!body.ok) return body;
  const parsed = parseGoJson(decoder.decode(body.value));
  const entry = parsed.ok ? parseConfigEntry(parsed.value) : parsed;
  if (entry.ok) return entry;
  return fail(serverError("badRequest", `Bad request: Request decoding failed: ${entry.error}`));
}

async function list(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const given = request.params.kind ?? "";
  const entryKind = given === "" ? ok("" as const) : checkedKind(given);
  if (!entryKind.ok) return errorReply(entryKind.error);
  const call = { entryKind: entryKind.value, options: options.value };
  const result = await context.backend.call("ConfigEntry.List", call, request.cancellation);
  if (!result.ok) return errorReply(result.error);
  return plainQueryReply(request, context, result);
}

async function read(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const kind = checkedKind(request.params.kind ?? "");
  if (!kind.ok) return errorReply(kind.error);
  const name = request.params.name ?? "";
  const call = { entryKind: kind.value, name, options: options.value };
  const result = await context.backend.call("ConfigEntry.Get", call, request.cancellation);
  if (!result.ok) return errorReply(result.error);
  if (result.value.value !== null) return plainQueryReply(request, context, result);
  const [shownKind, shownName] = [JSON.stringify(kind.value), JSON.stringify(name)];
  const absent = textReply(404, `Config entry not found for ${shownKind} / ${shownName}`);
  return { ...absent, headers: { ...metaHeaders(result.value.meta), ...absent.headers } };
}

async function remove(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const { kind: given = "", name = "" } = request.params;
  if (given === "" || name === "") return textReply(404, "Must provide both a kind and name to delete");
  const kind = checkedKind(given);
  if (!kind.ok) return errorReply({ ...kind.error, code: "badRequest" });
  // Of what is to be deleted only the name counts.
  const entry = { Kind: kind.value, Name: name } as ConfigEntry;
  const token = requestToken(request, context);
  const call = { datacenter: "", token, operation: "delete" as const, entry, modifyIndex: 0 };
  const result = await context.backend.call("ConfigEntry.Apply", call, request.cancellation);
  return result.ok ? jsonReply(request, context, {}) : errorReply(result.error);
}

function checkedKind(kind: string): Result<ConfigKind, ServerError> {
  return isConfigKind(kind) ? ok(kind) : fail(serverError("rejected", `invalid config entry kind: ${kind}`));
}
