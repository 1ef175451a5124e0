// What the operator allows over HTTP (http_config), and the headers of every answer.

import type { HttpReply } from "../../shared/api/http.ts";
import { percentDecode } from "../../shared/api/query-string.ts";
import { textReply } from "../../shared/api/reply.ts";
import type { Gate } from "../../shared/api/router.ts";
import { isInRanges } from "../config/addresses.ts";
import type { HttpConfig } from "../config/http-config.ts";

const reading = new Set(["GET", "HEAD", "OPTIONS"]);

/** What the configuration forbids; null when it forbids nothing. As in Consul 404 and 405 come before "restricted". */
export function gateOf(config: HttpConfig): Gate | null {
  const { blockEndpoints, allowWriteFrom } = config;
  if (blockEndpoints.length === 0 && allowWriteFrom.length === 0) return null;
  return {
    blocked(door) {
      const path = percentDecode(door.path) ?? door.path;
      return blockEndpoints.some((start) => path.startsWith(start)) ? blocked : null;
    },
    restricted(door) {
      if (allowWriteFrom.length === 0 || reading.has(door.method)) return null;
      return isInRanges(door.remoteAddress ?? "", allowWriteFrom) ? null : restricted;
    },
  };
}

const blocked = textReply(403, "Endpoint is blocked by agent configuration");
const restricted = textReply(403, "Access is restricted");

/** The answer with http_config.response_headers, and the word about translated addresses. */
export function withConfiguredHeaders(reply: HttpReply, config: HttpConfig): HttpReply {
  // Like Consul's, they are put on by what handles the request.
  const headers = reply.isUnrouted === true ? null : configuredHeaders(config);
  return headers === null ? reply : { ...reply, headers: { ...headers, ...reply.headers } };
}

function configuredHeaders(config: HttpConfig): Readonly<Record<string, string>> | null {
  if (!config.translateWanAddresses) {
    return Object.keys(config.responseHeaders).length === 0 ? null : config.responseHeaders;
  }
  return { ...config.responseHeaders, "X-Consul-Translate-Addresses": "true" };
}
