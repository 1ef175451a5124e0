// Settings of gossip: what they become, and what is refused.

import { describe, expect, it } from "vitest";
import { agentFlags, loadConfig } from "../../../agent/config/load.ts";
import { buildGossip } from "../../../agent/config/build-gossip.ts";
import { valuesOf } from "../../../agent/config/layers.ts";
import { gossipSettings } from "../../../agent/config/schema-gossip.ts";
import { fakeConfigPorts } from "../cli/fake-ports.ts";

function config(...words: string[]) {
  const loaded = loadConfig(
    ["-data-dir=/d", "-edge-url=http://e", "-edge-token=s", ...words],
    fakeConfigPorts({}),
  );
  if (!loaded.ok) throw new Error(loaded.error);
  return loaded.value.gossip;
}

describe("gossip settings", () => {
  it("have Consul's defaults", () => {
    expect(config()).toMatchObject({
      bindHost: "0.0.0.0",
      startJoin: [],
      retryJoin: [],
      retryIntervalMillis: 30_000,
      retryMax: 0,
      profile: { probeIntervalMillis: 1_000, probeTimeoutMillis: 500, gossipNodes: 3, suspicionMult: 4 },
    });
  });

  it("are ten times as fast with -dev", () => {
    const loaded = loadConfig(["-dev"], fakeConfigPorts({}));
    expect(loaded.ok ? loaded.value.gossip?.profile : null).toMatchObject({
      probeIntervalMillis: 100,
      probeTimeoutMillis: 100,
      gossipIntervalMillis: 100,
      suspicionMult: 3,
    });
  });

  it("come from options: whom to join, how often, from where", () => {
    const gossip = config(
      "-retry-join=a",
      "-retry-join=b:1",
      "-join=c",
      "-retry-interval=5s",
      "-retry-max=3",
      "-serf-lan-bind=127.0.0.9",
      "-encrypt=AAECAwQFBgcICQoLDA0ODw==",
    );
    expect(gossip).toMatchObject({
      bindHost: "127.0.0.9",
      startJoin: ["c"],
      retryJoin: ["a", "b:1"],
      retryIntervalMillis: 5_000,
      retryMax: 3,
      encrypt: "AAECAwQFBgcICQoLDA0ODw==",
    });
  });

  it("turn gossip off with a port below zero", () => {
    expect(config("-serf-lan-port=-1")).toBeNull();
  });

  it("refuse what cannot work", () => {
    const build = (key: string, value: string | number) =>
      buildGossip(valuesOf(new Map([[key, value]])), false, "::");
    expect(build("gossip_lan.probe_interval", "0s")).toMatchObject({ ok: false });
    expect(build("gossip_lan.gossip_nodes", -1)).toMatchObject({ ok: false });
    expect(build("retry_max", -1)).toMatchObject({ ok: false });
    expect(build("serf_lan", "nonsense")).toMatchObject({ ok: false });
    expect(build("gossip_lan.probe_interval", "200ms")).toMatchObject({
      ok: true,
      value: { profile: { probeIntervalMillis: 200, probeTimeoutMillis: 200 } },
    });
  });

  it("have the options of Consul", () => {
    const names = agentFlags.map(({ name }) => name);
    for (const { flag } of gossipSettings) if (flag !== "") expect(names).toContain(flag);
  });
});
