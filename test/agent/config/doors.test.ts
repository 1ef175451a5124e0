// Settings of HTTP and DNS: what they become, and what is refused.

import { describe, expect, it } from "vitest";
import { isInRanges, parseListen, parseRange } from "../../../agent/config/addresses.ts";
import { buildDnsConfig, standardDnsConfig } from "../../../agent/config/dns-config.ts";
import { buildHttpConfig, standardHttpConfig } from "../../../agent/config/http-config.ts";
import { readLayer, valuesOf } from "../../../agent/config/layers.ts";
import { dnsSettings, httpSettings } from "../../../agent/config/schema-doors.ts";

function valuesFrom(source: Readonly<Record<string, unknown>>) {
  const layer = readLayer(source);
  if (!layer.ok) throw new Error(layer.error);
  return valuesOf(layer.value);
}

describe("settings of HTTP and DNS", () => {
  it("are Consul's defaults when nothing is set", () => {
    expect(buildHttpConfig(valuesFrom({}), false)).toEqual({ ok: true, value: standardHttpConfig });
    expect(buildDnsConfig(valuesFrom({}))).toEqual({ ok: true, value: standardDnsConfig });
    expect([...httpSettings, ...dnsSettings].every(({ doc }) => doc !== "")).toBe(true);
  });

  it("become typed values", () => {
    const built = buildHttpConfig(
      valuesFrom({
        http_config: { block_endpoints: ["/v1/x"], response_headers: { A: "b" }, use_cache: false },
        limits: { kv_max_value_size: 1000, txn_max_req_len: 500 },
        unix_sockets: { mode: "0660", user: "7" },
        max_query_time: "1m",
      }),
      true,
    );
    expect(built).toMatchObject({
      ok: true,
      value: {
        blockEndpoints: ["/v1/x"],
        responseHeaders: { A: "b" },
        useCache: false,
        kvValueBytesMax: 1000,
        txnBytesMax: 1000,
        unixSockets: { user: 7, group: -1, mode: 0o660 },
        maxWaitMillis: 60_000,
        ui: true,
      },
    });
    const dns = buildDnsConfig(
      valuesFrom({ alt_domain: "Alt.Test.", recursors: ["1.2.3.4", "1.2.3.4:53", "[::1]:5353"] }),
    );
    expect(dns).toMatchObject({
      ok: true,
      value: {
        altDomain: "alt.test.",
        recursors: [
          { host: "1.2.3.4", port: 53 },
          { host: "::1", port: 5353 },
        ],
      },
    });
  });

  it.each([
    [{ http_config: { allow_write_http_from: ["10.0.0.0"] } }, "invalid CIDR address: 10.0.0.0"],
    [{ http_config: { max_header_bytes: 0 } }, "http_config.max_header_bytes"],
    [{ limits: { kv_max_value_size: 9_000_000 } }, "limits.kv_max_value_size"],
    [{ unix_sockets: { mode: "rw" } }, "unix_sockets.mode"],
  ])("refuse %j", (source, part) => {
    const built = buildHttpConfig(valuesFrom(source), false);
    expect(built.ok ? "" : built.error).toContain(part);
  });

  it.each([
    [{ recursors: ["dns.example"] }, "recursors"],
    [{ dns_config: { udp_answer_limit: -1 } }, "dns_config.udp_answer_limit cannot be -1"],
    [{ dns_config: { a_record_limit: -1 } }, "dns_config.a_record_limit cannot be -1"],
    [{ dns_config: { service_ttl: { web: "x" } } }, "dns_config.service_ttl"],
  ])("of DNS refuse %j", (source, part) => {
    const built = buildDnsConfig(valuesFrom(source));
    expect(built.ok ? "" : built.error).toContain(part);
  });

  it("know networks of both families", () => {
    const ranges = ["10.0.0.0/8", "2001:db8::/32", "::1/128"].flatMap((text) => parseRange(text) ?? []);
    expect(["10.9.9.9", "2001:db8:1::5", "::1"].map((one) => isInRanges(one, ranges))).toEqual([
      true,
      true,
      true,
    ]);
    expect(["11.0.0.1", "2001:db9::", "nonsense"].map((one) => isInRanges(one, ranges))).toEqual([
      false,
      false,
      false,
    ]);
    expect(parseRange("10.0.0.0/33")).toBeNull();
  });

  it("let HTTP listen on unix sockets beside addresses, and DNS not", () => {
    expect(parseListen("client_addr", "127.0.0.1 unix:///tmp/x.sock /tmp/y.sock", 8500, true)).toEqual({
      ok: true,
      value: [
        { host: "127.0.0.1", port: 8500 },
        { host: "", port: 0, socket: "/tmp/x.sock" },
        { host: "", port: 0, socket: "/tmp/y.sock" },
      ],
    });
    expect(parseListen("client_addr", "unix:///tmp/x.sock", 8600)).toEqual({ ok: true, value: [] });
    expect(parseListen("addresses.dns", "unix:///tmp/x.sock", 8600)).toMatchObject({ ok: false });
  });
});
