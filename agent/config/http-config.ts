// Settings of the HTTP API: http_config, limits and query times (surface B1, B3, D2).

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { limits } from "../../shared/limits.ts";
import { type AddressRange, parseRange } from "./addresses.ts";
import type { Values } from "./layers.ts";

export type HttpConfig = {
  /** Paths, and what begins like them, that answer 403. */
  readonly blockEndpoints: readonly string[];
  readonly responseHeaders: Readonly<Record<string, string>>;
  /** Empty: everybody may write. */
  readonly allowWriteFrom: readonly AddressRange[];
  readonly useCache: boolean;
  readonly headerBytesMax: number;
  /** 0: no limit. */
  readonly connectionsPerClientMax: number;
  readonly kvValueBytesMax: number;
  readonly txnBytesMax: number;
  readonly defaultWaitMillis: Millis;
  readonly maxWaitMillis: Millis;
  /** 0: catalog and health reads ask the leader. */
  readonly discoveryMaxStaleMillis: Millis;
  readonly translateWanAddresses: boolean;
  /** GET / leads to /ui/. */
  readonly ui: boolean;
  readonly unixSockets: { readonly user: number; readonly group: number; readonly mode: number };
};

/** What an agent has that sets nothing. */
export const standardHttpConfig: HttpConfig = {
  blockEndpoints: [],
  responseHeaders: {},
  allowWriteFrom: [],
  useCache: true,
  headerBytesMax: 1 << 20,
  connectionsPerClientMax: 200,
  kvValueBytesMax: limits.kvValueBytesMax,
  txnBytesMax: limits.txnBytesMax,
  defaultWaitMillis: limits.blockingQueryWaitMillisDefault,
  maxWaitMillis: limits.blockingQueryWaitMillisMax,
  discoveryMaxStaleMillis: 0,
  translateWanAddresses: false,
  ui: false,
  unixSockets: { user: -1, group: -1, mode: -1 },
};

/** From merged settings; the error names the setting. */
export function buildHttpConfig(values: Values, dev: boolean): Result<HttpConfig, string> {
  const allowWriteFrom: AddressRange[] = [];
  for (const text of values.list("http_config.allow_write_http_from")) {
    const range = parseRange(text);
    if (range === null) return fail(`http_config.allow_write_http_from: invalid CIDR address: ${text}`);
    allowWriteFrom.push(range);
  }
  const unixSockets = buildUnixSockets(values);
  if (!unixSockets.ok) return unixSockets;
  const positive = (key: string, most: number, why = ""): Result<number, string> => {
    const number = values.number(key);
    return number >= 1 && number <= most
      ? ok(number)
      : fail(`${key} must be between 1 and ${most}${why}: ${number}`);
  };
  const ofRows = " (what fits a row of the servers' log)";
  const headerBytesMax = positive("http_config.max_header_bytes", 16 << 20);
  if (!headerBytesMax.ok) return headerBytesMax;
  // A log entry is one row, and rows hold 2 MB where servers are objects; Consul's own advice is not to raise these.
  const kvValueBytesMax = positive("limits.kv_max_value_size", limits.kvValueBytesHighest, ofRows);
  if (!kvValueBytesMax.ok) return kvValueBytesMax;
  const txnBytesMax = positive("limits.txn_max_req_len", limits.txnBytesHighest, ofRows);
  if (!txnBytesMax.ok) return txnBytesMax;
  return ok({
    blockEndpoints: values.list("http_config.block_endpoints"),
    responseHeaders: values.map("http_config.response_headers"),
    allowWriteFrom,
    useCache: values.bool("http_config.use_cache"),
    headerBytesMax: headerBytesMax.value,
    connectionsPerClientMax: Math.max(0, values.number("limits.http_max_conns_per_client")),
    kvValueBytesMax: kvValueBytesMax.value,
    // Consul takes whichever of the two is larger.
    txnBytesMax: Math.max(txnBytesMax.value, kvValueBytesMax.value),
    defaultWaitMillis: values.millis("default_query_time"),
    maxWaitMillis: values.millis("max_query_time"),
    discoveryMaxStaleMillis: values.millis("discovery_max_stale"),
    translateWanAddresses: values.bool("translate_wan_addrs"),
    ui: dev || values.bool("ui"),
    unixSockets: unixSockets.value,
  });
}

function buildUnixSockets(values: Values): Result<HttpConfig["unixSockets"], string> {
  const read = (key: string, pattern: RegExp, base: number): Result<number, string> => {
    const text = values.text(`unix_sockets.${key}`);
    if (text === "") return ok(-1);
    return pattern.test(text)
      ? ok(Number.parseInt(text, base))
      : fail(
          `unix_sockets.${key}: ${JSON.stringify(text)} is no ${base === 8 ? "octal mode" : "numeric id"}`,
        );
  };
  const user = read("user", /^\d+$/, 10);
  const group = read("group", /^\d+$/, 10);
  const mode = read("mode", /^[0-7]{1,4}$/, 8);
  if (!user.ok) return user;
  if (!group.ok) return group;
  return mode.ok ? ok({ user: user.value, group: group.value, mode: mode.value }) : mode;
}
