import { describe, expect, it } from "vitest";
import { limits } from "../../../../shared/limits.ts";
import { configEntryEndpoints } from "../../../../worker/server/endpoints/config-entry.ts";

const { check } = configEntryEndpoints["ConfigEntry.Apply"];
const entry = { Kind: "service-splitter", Name: "x", Splits: [{ Weight: 100 }] };
const request = { datacenter: "", token: "", operation: "set", entry, modifyIndex: 0 };

describe("config entry endpoints", () => {
  it("let in only what has the shape of its kind, of a bounded size", () => {
    expect(check(request).ok).toBe(true);
    expect(check({ ...request, entry: { ...entry, Kind: "nope" } }).ok).toBe(false);
    expect(check({ ...request, entry: { ...entry, Splits: 5 } }).ok).toBe(false);
    expect(check({ ...request, operation: "delete", entry: { Kind: "proxy-defaults", Name: "x" } }).ok).toBe(
      true,
    );
    const long = { ...entry, Meta: { a: "x".repeat(limits.configEntryCharactersMax) } };
    expect(check({ ...request, entry: long })).toMatchObject({ ok: false, error: { code: "badRequest" } });
  });

  it("compile chains for the own datacenter unless another is named", () => {
    const { complete } = configEntryEndpoints["DiscoveryChain.Get"];
    const options = {
      datacenter: "",
      token: "",
      consistency: "default",
      minIndex: 0,
      waitMillis: 0,
    } as const;
    const overrides = { protocol: "", meshGatewayMode: "", connectTimeout: "" };
    const asked = { service: "a", evaluateIn: "", overrides, options };
    const server = { datacenter: "dc1", seed: () => 1 };
    expect(complete(asked, server).evaluateIn).toBe("dc1");
    expect(complete({ ...asked, evaluateIn: "dc2" }, server).evaluateIn).toBe("dc2");
    expect(complete(asked, server).trustDomain).toMatch(/^[0-9a-f-]{36}\.consul$/);
  });
});
