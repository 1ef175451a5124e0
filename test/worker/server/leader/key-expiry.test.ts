import { describe, expect, it } from "vitest";
import type { U64 } from "../../../../shared/base/brand.ts";
import { ok } from "../../../../shared/base/result.ts";
import { MemoryCluster } from "../../../support/memory-cluster.ts";
import { read, testState } from "../../../support/state-builders.ts";
import type { DutyContext } from "../../../../worker/server/leader/index.ts";
import { keyExpiry } from "../../../../worker/server/leader/key-expiry.ts";
import { watch } from "../../../support/virtual-time.ts";

const flags = "0" as U64;
const options = { datacenter: "", token: "", consistency: "stale", minIndex: 0, waitMillis: 0 } as const;

describe("the expiry of keys", () => {
  it("is known to a leader that has just woken, and looked at again when a key got less time", () => {
    const state = testState();
    const context = {
      ports: { sql: state.sql },
      propose: async () => ok(0),
    } as unknown as DutyContext;
    const write = (ttlMillis: number) =>
      state.apply(
        { kind: "kv", operation: { verb: "set", key: "k", value: "eA==", flags, ttlMillis } },
        1_000,
      ).changed;
    write(60_000);
    const duty = keyExpiry(context);
    expect(duty.next()).toBeNull();
    duty.establish();
    expect(duty.next()).toEqual({ at: 61_000, wakes: true });
    duty.applied?.(write(5_000));
    expect(duty.next()).toEqual({ at: 6_000, wakes: true });
    duty.revoke();
    expect(duty.next()).toBeNull();
  });

  it("comes within a second of its time, and after an election as well", async () => {
    const cluster = new MemoryCluster();
    const put = async (key: string, ttlMillis: number) => {
      const operation = { verb: "set", key, value: "eA==", flags, ttlMillis } as const;
      const leader = await cluster.leader();
      const written = watch(cluster.server(leader).backend.call("KVS.Apply", { token: "", operation }));
      await cluster.time.advance(20);
      expect(written.value).toEqual({ ok: true, value: true });
    };
    const keys = () =>
      cluster.hosts
        .filter((host) => host.isUp)
        .map((host) => read(host.sql, "KVS.ListKeys", { prefix: "", separator: "" }).value.join());
    await put("short", 5_000);
    await put("long", 40_000);
    await cluster.time.advance(4_900);
    expect(keys()).toEqual(["long,short", "long,short", "long,short"]);
    await cluster.time.advance(1_000);
    expect(keys()).toEqual(["long", "long", "long"]);
    const leader = await cluster.leader();
    cluster.stop(leader);
    const [other] = cluster.hosts.filter((host) => host.isUp);
    void cluster
      .server(other?.id ?? "")
      .backend.call("KVS.Get", { key: "x", options: { ...options, consistency: "consistent" } });
    await cluster.time.advance(20_000);
    expect(keys()).toEqual(["long", "long"]);
    await cluster.time.advance(15_000);
    expect(keys()).toEqual(["", ""]);
  });
});
