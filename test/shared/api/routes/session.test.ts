import { describe, expect, it } from "vitest";
import { createRouter } from "../../../../shared/api/router.ts";
import { sessionRoutes } from "../../../../shared/api/routes/session.ts";
import type { Session } from "../../../../shared/structs/session.ts";
import { doorRequest } from "../../../support/door-request.ts";
import { fakeBackend, fakeMeta } from "../../../support/fake-backend.ts";

const session: Session = {
  ID: "s1",
  Name: "",
  Node: "n1",
  LockDelay: 15e9,
  Behavior: "release",
  TTL: "",
  NodeChecks: ["serfHealth"],
  ServiceChecks: null,
  CreateIndex: 5,
  ModifyIndex: 5,
};

function world(nodeName?: string) {
  const backend = fakeBackend({
    "Session.Apply": ({ operation }) => (operation.verb === "create" ? "s1" : operation.id),
    "Session.Get": ({ id }) => ({ meta: fakeMeta, value: id === "s1" ? [session] : [] }),
    "Session.List": () => ({ meta: fakeMeta, value: [session] }),
    "Session.NodeSessions": ({ node }) => ({ meta: fakeMeta, value: node === "n1" ? [session] : [] }),
    "Session.Renew": ({ id }) => (id === "s1" ? [session] : []),
  });
  const router = createRouter(sessionRoutes);
  const here = nodeName === undefined ? {} : { nodeName };
  const context = { backend, datacenter: "dc1", defaultToken: "", alwaysPretty: false, ...here };
  const ask = (line: string, body = "") => router.handle(doorRequest(line, body), context);
  return { backend, ask };
}

describe("/v1/session", () => {
  it("creates a session of this agent's node, also without a body", async () => {
    const { ask, backend } = world("n1");
    expect((await ask("PUT /v1/session/create?dc=dc1&token=t")).body).toBe('{"ID":"s1"}');
    expect(backend.calls[0]?.request).toMatchObject({
      operation: { verb: "create", session: { Node: "n1", LockDelay: 15e9, NodeChecks: ["serfHealth"] } },
      datacenter: "dc1",
      token: "t",
    });
    expect(await ask("PUT /v1/session/create", "{bad")).toMatchObject({
      status: 400,
      body: expect.stringContaining("Request decode failed: invalid character 'b'"),
    });
  });

  it("belongs to the node of the edge at the Worker", async () => {
    const { ask, backend } = world();
    await ask("PUT /v1/session/create", "{}");
    expect(backend.calls[0]?.request).toMatchObject({
      operation: { session: { Node: "edge", NodeChecks: [] } },
    });
  });

  it("ends and renews", async () => {
    const { ask } = world();
    expect((await ask("PUT /v1/session/destroy/any")).body).toBe("true");
    expect((await ask("PUT /v1/session/renew/s1")).body).toBe(JSON.stringify([session]));
    expect(await ask("PUT /v1/session/renew/gone")).toMatchObject({
      status: 404,
      body: "Session id 'gone' not found",
    });
  });

  it("reads one, a node's and all, with the index but without the consistency", async () => {
    const { ask } = world();
    for (const line of ["info/s1", "node/n1", "list"]) {
      const reply = await ask(`GET /v1/session/${line}`);
      expect(reply.body).toBe(JSON.stringify([session]));
      expect(reply.headers).toMatchObject({ "X-Consul-Index": "7" });
      expect(reply.headers).not.toHaveProperty("X-Consul-Effective-Consistency");
    }
    expect(await ask("GET /v1/session/info/none")).toMatchObject({ status: 200, body: "[]" });
    expect(await ask("GET /v1/session/list?dc=dc9")).toMatchObject({
      status: 500,
      headers: { "X-Consul-Index": "1" },
      body: "No path to datacenter",
    });
  });

  it("asks for what is missing in the path", async () => {
    const { ask } = world();
    for (const line of ["PUT /v1/session/destroy/", "PUT /v1/session/renew/", "GET /v1/session/info/"]) {
      expect(await ask(line)).toMatchObject({ status: 400, body: "Missing session" });
    }
    expect(await ask("GET /v1/session/node/")).toMatchObject({ status: 400, body: "Missing node name" });
  });
});
