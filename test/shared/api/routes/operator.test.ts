import { describe, expect, it } from "vitest";
import { createRouter } from "../../../../shared/api/router.ts";
import { operatorRoutes } from "../../../../shared/api/routes/operator.ts";
import { type ClusterHealth, defaultAutopilot } from "../../../../shared/structs/autopilot.ts";
import { doorRequest } from "../../../support/door-request.ts";
import { fakeBackend, fakeMeta } from "../../../support/fake-backend.ts";

const healthy: ClusterHealth = { healthy: true, failureTolerance: 1, servers: [] };

function world(health = healthy) {
  const backend = fakeBackend({
    "Operator.RaftGetConfiguration": () => ({ Servers: [], Index: 0 }),
    "Operator.RaftRemovePeer": () => true,
    "Operator.RaftTransferLeader": () => true,
    "Operator.AutopilotGetConfiguration": () => ({
      meta: fakeMeta,
      value: { ...defaultAutopilot, CreateIndex: 4, ModifyIndex: 6 },
    }),
    "Operator.AutopilotSetConfiguration": (request) => request.cas !== 1,
    "Operator.ServerHealth": () => health,
  });
  const router = createRouter(operatorRoutes);
  const context = { backend, datacenter: "dc1", defaultToken: "", alwaysPretty: false };
  const ask = (line: string, body = "") => router.handle(doorRequest(line, body), context);
  return { backend, ask };
}

describe("/v1/operator", () => {
  it("shows raft's configuration, as any server has it when stale is enough", async () => {
    const { ask, backend } = world();
    expect(await ask("GET /v1/operator/raft/configuration?stale")).toMatchObject({
      status: 200,
      body: '{"Servers":[],"Index":0}',
    });
    expect(backend.calls[0]?.request).toEqual({ datacenter: "", token: "", stale: true });
  });

  it.each([
    [
      "DELETE /v1/operator/raft/peer",
      400,
      "Bad request: Must specify either ?id with the server's ID or ?address with IP:port of peer to remove",
    ],
    [
      "DELETE /v1/operator/raft/peer?id=x&address=y",
      400,
      "Bad request: Must specify only one of ?id or ?address",
    ],
    ["DELETE /v1/operator/raft/peer?id=", 500, 'id "" was not found in the Raft configuration'],
    ["DELETE /v1/operator/raft/peer?id=a", 200, null],
    ["POST /v1/operator/raft/transfer-leader", 200, '{"Success":true}'],
    ["GET /v1/operator/raft/peer", 405, "method GET not allowed"],
  ])("%s answers %i", async (line, status, body) => {
    expect(await world().ask(line)).toMatchObject({ status, body });
  });

  it("reads and sets autopilot's configuration", async () => {
    const { ask, backend } = world();
    const shown = JSON.parse(String((await ask("GET /v1/operator/autopilot/configuration")).body));
    expect(shown).toMatchObject({ LastContactThreshold: "200ms", CreateIndex: 4, ModifyIndex: 6 });
    const path = "PUT /v1/operator/autopilot/configuration";
    expect((await ask(path, '{"MinQuorum":3}')).body).toBe("true");
    expect(backend.calls.at(-1)?.request).toMatchObject({ configuration: { MinQuorum: 3 }, cas: null });
    expect((await ask(`${path}?cas=1`, "{}")).body).toBe("false");
    for (const [body, query, text] of [
      ["", "", "Error parsing autopilot config: EOF"],
      ["{", "", "Error parsing autopilot config: unexpected EOF"],
      ["{}", "?cas=x", 'Error parsing cas value: strconv.ParseUint: parsing "x": invalid syntax'],
    ]) {
      expect(await ask(path + query, body)).toMatchObject({ status: 400, body: `Bad request: ${text}` });
    }
  });

  it("answers 429 while a server is not healthy", async () => {
    expect((await world().ask("GET /v1/operator/autopilot/health")).status).toBe(200);
    const sick = world({ ...healthy, healthy: false });
    expect(await sick.ask("GET /v1/operator/autopilot/health")).toMatchObject({
      status: 429,
      body: '{"Healthy":false,"FailureTolerance":1,"Servers":null}',
    });
    expect((await sick.ask("GET /v1/operator/autopilot/state")).status).toBe(200);
  });
});
