import { describe, expect, it } from "vitest";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import { configEntryDelete, serviceProtocol } from "../../../shared/state/config-entries.ts";
import { gatewayServices } from "../../../shared/state/gateway-services.ts";
import { nodeDump } from "../../../shared/state/node-dump.ts";
import { stateTransaction } from "../../../shared/state/indexes.ts";
import { watchMatches } from "../../../shared/state/watch-keys.ts";
import type { ConfigEntry } from "../../../shared/structs/config-entry.ts";
import { parseConfigEntry } from "../../../shared/structs/parse-config-entry.ts";
import { check, read, service, testState } from "../../support/state-builders.ts";

function world() {
  const state = testState();
  let index = 100;
  const apply = (operation: "set" | "cas" | "delete", body: object, modifyIndex = 0) => {
    const parsed = parseConfigEntry(body);
    if (!parsed.ok) throw new Error(parsed.error);
    index += 1;
    const command = {
      kind: "configEntry",
      operation,
      entry: parsed.value,
      modifyIndex,
      datacenter: "dc1",
    } as const;
    return applyCommand(state.sql, index, encodeCommand(command));
  };
  const text = (applied: ReturnType<typeof apply>) =>
    applied.result.ok ? applied.result.value : String(applied.result.error.args[0]);
  const links = (gateway: string) =>
    gatewayServices(state.sql, gateway, (name) => serviceProtocol(state.sql, name)).value?.map((link) => [
      link.Service.Name,
      link.FromWildcard ?? false,
      link.CreateIndex,
      link.ModifyIndex,
    ]) ?? null;
  return { state, apply, text, links };
}
const defaults = (Name: string, Protocol = "http") => ({ Kind: "service-defaults", Name, Protocol });

describe("config entries", () => {
  it("are written, checked and set, listed and deleted with their indexes", () => {
    const { state, apply, text } = world();
    const written = apply("set", defaults("web"));
    expect(written.changed).toEqual([
      "config-entries:",
      "config-kind:service-defaults",
      "config-entry:service-defaults/web",
    ]);
    expect(text(apply("cas", defaults("web", "tcp"), 0))).toBe(false);
    expect(text(apply("cas", defaults("web", "tcp"), 101))).toBe(true);
    const get = (name: string) => read(state.sql, "ConfigEntry.Get", { entryKind: "service-defaults", name });
    expect(get("web")).toMatchObject({
      index: 103,
      value: { Protocol: "tcp", CreateIndex: 101, ModifyIndex: 103 },
    });
    expect(get("none")).toMatchObject({ index: 103, value: null });
    expect(read(state.sql, "ConfigEntry.List", { entryKind: "" }).value.length).toBe(1);
    const gone = apply("delete", { Kind: "service-defaults", Name: "web" });
    expect(gone.changed.some((key) => watchMatches("config-entry:service-defaults/web", key))).toBe(true);
    expect(read(state.sql, "ConfigEntry.List", { entryKind: "service-defaults" })).toMatchObject({
      index: 104,
      value: [],
    });
    const again = stateTransaction(state.sql, 110);
    expect(configEntryDelete(again, { Kind: "service-defaults", Name: "web" }, "dc1")).toEqual({
      ok: true,
      value: true,
    });
    expect(again.changed.size).toBe(0);
  });

  it("may not break a chain that names them", () => {
    const { apply, text } = world();
    apply("set", defaults("web"));
    apply("set", defaults("web2"));
    const Splits = [{ Weight: 90, Service: "web2" }, { Weight: 10 }];
    expect(text(apply("set", { Kind: "service-splitter", Name: "web", Splits }))).toBe(true);
    const inconsistent =
      'discovery chain "web" uses inconsistent protocols; service "web" has "http" which is not "tcp"';
    expect(text(apply("delete", defaults("web2")))).toBe(inconsistent);
    expect(text(apply("set", defaults("web2", "tcp")))).toBe(inconsistent);
    expect(text(apply("set", { Kind: "service-splitter", Name: "x", Splits: [{ Weight: 100 }] }))).toBe(
      'discovery chain "x" uses a protocol "tcp" that does not permit advanced routing or splitting behavior',
    );
  });

  it("keep listeners and names of gateways whole", () => {
    const { apply, text } = world();
    const listener = (Protocol: string, Name: string) => ({
      Kind: "ingress-gateway",
      Name: "ig",
      Listeners: [{ Port: 1, Protocol, Services: [{ Name }] }],
    });
    expect(text(apply("set", listener("http", "a")))).toBe(
      'service "a" has protocol "tcp", which does not match defined listener protocol "http"',
    );
    apply("set", defaults("a"));
    expect(text(apply("set", listener("http", "a")))).toBe(true);
    expect(text(apply("set", defaults("a", "tcp")))).toMatch(/does not match defined listener protocol/);
    expect(text(apply("set", { Kind: "terminating-gateway", Name: "ig" }))).toBe(
      'cannot create a "terminating-gateway" config entry with name "ig", a "ingress-gateway" config entry with that name already exists',
    );
  });

  it("compile into chains whose index is that of the last entry", () => {
    const { state, apply } = world();
    apply("set", defaults("a"));
    const asked = {
      service: "a",
      evaluateIn: "dc1",
      overrides: { protocol: "", meshGatewayMode: "", connectTimeout: "" },
    };
    expect(read(state.sql, "DiscoveryChain.Get", asked)).toMatchObject({
      index: 101,
      keys: ["config-entries:"],
      value: { ok: true, value: { Protocol: "http" } },
    });
  });
});

describe("services of gateways", () => {
  const gateway = (...Services: object[]) => ({ Kind: "terminating-gateway", Name: "tg", Services });

  it("are those named, and through a wildcard whatever is registered", () => {
    const { state, apply, links } = world();
    state.register("n", { Service: service("old") });
    apply("set", gateway({ Name: "ext", CAFile: "/ca" }, { Name: "*" }));
    expect(links("tg")).toEqual([
      ["ext", false, 101, 101],
      ["old", true, 101, 101],
    ]);
    apply("set", gateway({ Name: "ext", CAFile: "/ca" }));
    expect(links("tg")).toEqual([["ext", false, 101, 101]]);
    apply("delete", { Kind: "terminating-gateway", Name: "tg" });
    expect(links("tg")).toBe(null);
  });

  it("follow the catalog", () => {
    const { state, apply, links } = world();
    apply("set", gateway({ Name: "ext" }, { Name: "*" }));
    state.register("n", { Service: service("ext") });
    expect(links("tg")?.map(([name, wild]) => [name, wild])).toEqual([["ext", true]]);
    state.deregister("n");
    expect(links("tg")).toBe(null);
  });
});

describe("nodes with all on them", () => {
  it("are dumped at once, or one alone", () => {
    const state = testState();
    state.register("a", { Service: service("web"), Checks: [check("c")] });
    state.register("b");
    expect(nodeDump(state.sql, "").value).toMatchObject([
      { Node: "a", Services: [{ Service: "web" }], Checks: [{ CheckID: "c" }] },
      { Node: "b", Services: [], Checks: [] },
    ]);
    expect(nodeDump(state.sql, "A").value.length).toBe(1);
    expect(nodeDump(state.sql, "none")).toMatchObject({ value: [], keys: ["node:none", "node-checks:none"] });
  });

  it("hold entries only as the type says", () => {
    const entry: ConfigEntry = { Kind: "service-splitter", Name: "x", Splits: null };
    expect(parseConfigEntry(entry)).toEqual({ ok: true, value: entry });
  });
});
