// What the operator allows over HTTP before any route is asked (http_config), and the headers of every answer.

import type { DoorRequest } from "../../shared/api/door.ts";
import type { HttpReply } from "../../shared/api/http.ts";
import { percentDecode } from "../../shared/api/query-string.ts";
import { textReply } from "../../shared/api/reply.ts";
import { isInRanges } from "../config/addresses.ts";
import type { HttpConfig } from "../config/http-config.ts";

const reading = new Set(["GET", "HEAD", "OPTIONS"]);

/** The refusal of a request, null when it may go on. */
export function refusalOf(door: DoorRequest, config: HttpConfig): HttpReply | null {
  if (config.blockEndpoints.length > 0) {
    const path = percentDecode(door.path) ?? door.path;
    if (config.blockEndpoints.some((blocked) => path.startsWith(blocked))) return blocked;
  }
  if (config.allowWriteFrom.length === 0 || reading.has(door.method)) return null;
  return isInRanges(door.remoteAddress ?? "", config.allowWriteFrom) ? null : restricted;
}

const blocked = textReply(403, "Endpoint is blocked by agent configuration");
const restricted = textReply(403, "Access is restricted");

/** The answer with http_config.response_headers, and the word about translated addresses. */
export function withConfiguredHeaders(reply: HttpReply, config: HttpConfig): HttpReply {
  const headers = configuredHeaders(config);
  return headers === null ? reply : { ...reply, headers: { ...headers, ...reply.headers } };
}

function configuredHeaders(config: HttpConfig): Readonly<Record<string, string>> | null {
  if (!config.translateWanAddresses) {
    return Object.keys(config.responseHeaders).length === 0 ? null : config.responseHeaders;
  }
  return { ...config.responseHeaders, "X-Consul-Translate-Addresses": "true" };
}
