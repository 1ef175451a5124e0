// legate maint.

import { describe, expect, it } from "vitest";
import { cli } from "./fake-ports.ts";

describe("legate maint", () => {
  it("turns maintenance on and off, of the node and of a service", async () => {
    const on = await cli(["maint", "-enable", "-reason", "new kernel"], { answers: [{ body: "" }] });
    expect(on.out).toBe("Node maintenance is now enabled\n");
    expect(on.requests[0]).toMatchObject({
      method: "PUT",
      path: "/v1/agent/maintenance?enable=true&reason=new%20kernel",
    });
    const off = await cli(["maint", "-disable", "-service=web/1"], { answers: [{ body: "" }] });
    expect(off.out).toBe('Service maintenance is now disabled for "web/1"\n');
    expect(off.requests[0]?.path).toBe("/v1/agent/service/maintenance/web/1?enable=false");
  });

  it("shows what is in maintenance mode", async () => {
    const checks = {
      other: { CheckID: "other", Node: "n1", Notes: "" },
      _node_maintenance: { CheckID: "_node_maintenance", Node: "n1", Notes: "x" },
      s: { CheckID: "_service_maintenance:web1", ServiceID: "web1", Notes: "r r" },
    };
    const shown = await cli(["maint"], { answers: [{ body: JSON.stringify(checks) }] });
    expect(shown.out).toBe("Node:\n  Name:   n1\n  Reason: x\n\nService:\n  ID:     web1\n  Reason: r r\n\n");
    expect((await cli(["maint"], { answers: [{ body: "{}" }] })).out).toBe("");
  });

  it.each([
    [["-enable", "-disable"], "Only one of -enable or -disable may be provided\n"],
    [["-reason=x"], "Reason may only be provided with -enable\n"],
    [["-service=x"], "Service requires either -enable or -disable\n"],
  ])("refuses %j", async (options, error) => {
    const refused = await cli(["maint", ...options]);
    expect([refused.code, refused.err, refused.requests.length]).toEqual([1, error, 0]);
  });
});
