// Parts of the configuration that load.test.ts does not reach: addresses, reload, the schema, layers, build, validate.

import { describe, expect, it } from "vitest";
import { isIpv4, isIpv6, parseIp, parseListen } from "../../../agent/config/addresses.ts";
import { buildConfig } from "../../../agent/config/build.ts";
import { mergeLayers, readLayer, valuesOf } from "../../../agent/config/layers.ts";
import { keptUntilRestart, reloadedConfig } from "../../../agent/config/reload.ts";
import { isSection, settingOf, settings } from "../../../agent/config/schema.ts";
import { laterSettings } from "../../../agent/config/schema-later.ts";
import { parseServiceTtl } from "../../../agent/config/dns-config.ts";
import { parseLogLevel } from "../../../agent/config/validate.ts";
import { fakeConfigPorts } from "../cli/fake-ports.ts";

describe("the settings", () => {
  it("have each key and each option once, and keys that are no sections", () => {
    const keys = settings.map(({ key }) => key);
    const flags = settings.map(({ flag }) => flag).filter((flag) => flag !== "");
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(flags).size).toBe(flags.length);
    expect(keys.filter(isSection)).toEqual([]);
    expect(laterSettings.length).toBeGreaterThan(100);
    expect(settingOf("ports.http")?.standard).toBe("8500");
  });

  it("keep what an upper layer does not say", () => {
    const lower = readLayer({ node_meta: { a: "1" }, retry_join: ["x"], log_level: "warn" });
    const upper = readLayer({ node_meta: { b: "2" }, retry_join: ["y"] });
    if (!lower.ok || !upper.ok) throw new Error("layer");
    const values = valuesOf(mergeLayers(lower.value, upper.value));
    expect(values.map("node_meta")).toEqual({ a: "1", b: "2" });
    expect(values.list("retry_join")).toEqual(["x", "y"]);
    expect(values.text("log_level")).toBe("warn");
  });
});

describe("addresses", () => {
  it("are IPv4 or IPv6", () => {
    expect(["1.2.3.4", "256.1.1.1", "1.2.3"].map(isIpv4)).toEqual([true, false, false]);
    const six = [
      "::",
      "::1",
      "fe80::1",
      "1:2:3:4:5:6:7:8",
      "::ffff:1.2.3.4",
      "1::2::3",
      ":::",
      "1:2",
      "g::1",
    ];
    expect(six.map(isIpv6)).toEqual([true, true, true, true, true, false, false, false, false]);
    expect(parseIp("bind_addr", "[::1]")).toEqual({ ok: true, value: "::1" });
    expect(parseIp("x", '{{ GetInterfaceIP "eth0" }}')).toMatchObject({ ok: false });
    expect(parseIp("x", "unix:///run/x")).toMatchObject({ ok: false });
  });

  it("come as a list with one port", () => {
    const expected = [
      { host: "127.0.0.1", port: 1 },
      { host: "::1", port: 1 },
    ];
    expect(parseListen("client_addr", "127.0.0.1  ::1 127.0.0.1", 1)).toEqual({ ok: true, value: expected });
    expect(parseListen("client_addr", "127.0.0.1", -1)).toEqual({ ok: true, value: [] });
  });
});

describe("a reload", () => {
  it("takes services, checks, metadata and the log level, and names the rest", () => {
    const ports = fakeConfigPorts({});
    const build = (extra: Record<string, unknown>) => {
      const layer = readLayer({ data_dir: "/d", edge_url: ["http://a"], ...extra });
      if (!layer.ok) throw new Error(layer.error);
      const built = buildConfig(layer.value, false, ports);
      if (!built.ok) throw new Error(built.error);
      return built.value.config;
    };
    const old = build({});
    const fresh = build({ log_level: "debug", node_meta: { a: "b" }, ports: { http: 1 } });
    expect(reloadedConfig(old, fresh)).toMatchObject({
      logLevel: "debug",
      nodeMeta: { a: "b" },
      http: old.http,
    });
    expect(keptUntilRestart(old, fresh)).toEqual(["http"]);
  });
});

describe("values", () => {
  it("know Consul's log levels and TTLs", () => {
    expect(["TRACE", "err", "WARN", "nope"].map(parseLogLevel)).toEqual(["trace", "error", "warn", null]);
    expect(parseServiceTtl({ "*": "1m", web: "1500ms" })).toEqual({ ok: true, value: { "*": 60, web: 1 } });
    expect(parseServiceTtl({ web: "x" })).toMatchObject({ ok: false });
  });
});
