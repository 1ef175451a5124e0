// Settings of DNS (surface C4).

import type { Millis } from "../../shared/base/brand.ts";
import { parseGoDuration } from "../../shared/base/millis.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { parseIp } from "./addresses.ts";
import type { Values } from "./layers.ts";
import type { ListenAddress } from "./runtime-config.ts";

export type DnsConfig = {
  /** "" for none. */
  readonly altDomain: string;
  readonly recursors: readonly ListenAddress[];
  readonly recursorTimeoutMillis: Millis;
  readonly allowStale: boolean;
  readonly maxStaleMillis: Millis;
  readonly onlyPassing: boolean;
  readonly nodeTtlSeconds: number;
  readonly serviceTtlSeconds: Readonly<Record<string, number>>;
  readonly enableTruncate: boolean;
  readonly disableCompression: boolean;
  readonly udpAnswerLimit: number;
  /** 0: no limit. */
  readonly aRecordLimit: number;
  readonly nodeMetaTxt: boolean;
  readonly soa: {
    readonly refresh: number;
    readonly retry: number;
    readonly expire: number;
    readonly minTtl: number;
  };
  readonly useCache: boolean;
  /** 0: whatever its age. */
  readonly cacheMaxAgeMillis: Millis;
};

/** What an agent has that sets nothing. */
export const standardDnsConfig: DnsConfig = {
  altDomain: "",
  recursors: [],
  recursorTimeoutMillis: 2_000,
  allowStale: true,
  maxStaleMillis: 87_600 * 3_600_000,
  onlyPassing: false,
  nodeTtlSeconds: 0,
  serviceTtlSeconds: {},
  enableTruncate: false,
  disableCompression: false,
  udpAnswerLimit: 3,
  aRecordLimit: 0,
  nodeMetaTxt: true,
  soa: { refresh: 3_600, retry: 600, expire: 86_400, minTtl: 0 },
  useCache: false,
  cacheMaxAgeMillis: 0,
};

/** From merged settings; the error names the setting. */
export function buildDnsConfig(values: Values): Result<DnsConfig, string> {
  const serviceTtl = parseServiceTtl(values.map("dns_config.service_ttl"));
  if (!serviceTtl.ok) return serviceTtl;
  const recursors = parseRecursors(values.list("recursors"));
  if (!recursors.ok) return recursors;
  const limit = values.number("dns_config.udp_answer_limit");
  if (limit < 0)
    return fail(`dns_config.udp_answer_limit cannot be ${limit}. Must be greater than or equal to zero`);
  const records = values.number("dns_config.a_record_limit");
  if (records < 0)
    return fail(`dns_config.a_record_limit cannot be ${records}. Must be greater than or equal to zero`);
  const altDomain = values.text("alt_domain").toLowerCase().replace(/\.+$/, "");
  return ok({
    altDomain: altDomain === "" ? "" : `${altDomain}.`,
    recursors: recursors.value,
    recursorTimeoutMillis: values.millis("dns_config.recursor_timeout"),
    allowStale: values.bool("dns_config.allow_stale"),
    maxStaleMillis: values.millis("dns_config.max_stale"),
    onlyPassing: values.bool("dns_config.only_passing"),
    nodeTtlSeconds: Math.floor(values.millis("dns_config.node_ttl") / 1000),
    serviceTtlSeconds: serviceTtl.value,
    enableTruncate: values.bool("dns_config.enable_truncate"),
    disableCompression: values.bool("dns_config.disable_compression"),
    udpAnswerLimit: limit,
    aRecordLimit: records,
    nodeMetaTxt: values.bool("dns_config.enable_additional_node_meta_txt"),
    soa: {
      refresh: values.number("dns_config.soa.refresh"),
      retry: values.number("dns_config.soa.retry"),
      expire: values.number("dns_config.soa.expire"),
      minTtl: values.number("dns_config.soa.min_ttl"),
    },
    useCache: values.bool("dns_config.use_cache"),
    cacheMaxAgeMillis: values.millis("dns_config.cache_max_age"),
  });
}

/** Seconds by service name; the error names the entry. */
export function parseServiceTtl(
  ttl: Readonly<Record<string, string>>,
): Result<Record<string, number>, string> {
  const seconds: Record<string, number> = {};
  for (const [service, text] of Object.entries(ttl)) {
    const duration = parseGoDuration(text);
    if (!duration.ok)
      return fail(`dns_config.service_ttl["${service}"]: invalid duration: "${text}": ${duration.error}`);
    seconds[service] = Math.floor(duration.value / 1000);
  }
  return ok(seconds);
}

/** "10.0.0.2", "10.0.0.2:5353", "[2001:db8::1]:53"; the same one twice counts once. */
function parseRecursors(texts: readonly string[]): Result<readonly ListenAddress[], string> {
  const found: ListenAddress[] = [];
  for (const text of texts) {
    const [, host = text, port = "53"] = /^(\[.*\]|[^:]*):(\d{1,5})$/.exec(text) ?? [];
    const ip = parseIp("recursors", host);
    if (!ip.ok || Number(port) > 65_535) return fail(`recursors: invalid address ${JSON.stringify(text)}`);
    const known = found.some((one) => one.host === ip.value && one.port === Number(port));
    if (!known) found.push({ host: ip.value, port: Number(port) });
  }
  return ok(found);
}
