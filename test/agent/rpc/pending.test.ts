import { describe, expect, it } from "vitest";
import { pendingTable } from "../../../agent/rpc/pending.ts";
import { VirtualWorld } from "./virtual-world.ts";

describe("requests without an answer", () => {
  it("asks an unsent write again after the server forgot, because it never saw it", () => {
    const table = pendingTable(new VirtualWorld().ports.timers);
    const settled: unknown[] = [];
    const id = table.add("KVS.Apply", {}, (result) => void settled.push(result));
    expect(table.forgotten()).toEqual([id]);
    table.message(id);
    expect(table.forgotten()).toEqual([]);
    expect(settled).toMatchObject([{ ok: false, error: { code: "leadershipLost" } }]);
    expect(table.size).toBe(0);
  });

  it("tells a server of a request taken back only when it was sent", () => {
    const table = pendingTable(new VirtualWorld().ports.timers);
    const id = table.add("Status.Leader", {}, () => {});
    expect(table.remove(id)).toBe(false);
    expect(table.message(id)).toBe(null);
    const sent = table.add("Status.Leader", {}, () => {});
    table.message(sent);
    expect(table.remove(sent)).toBe(true);
  });
});
