import { describe, expect, it } from "vitest";
import { selfMember } from "../../../agent/local/node.ts";
import { fail } from "../../../shared/base/result.ts";
import { aServiceDefinition } from "../local/builders.ts";
import { aConfig } from "../rpc/virtual-world.ts";
import { anAgent } from "./door.ts";

const shown = {
  ID: "web",
  Service: "web",
  Tags: [],
  Meta: {},
  Port: 80,
  Address: "",
  Weights: { Passing: 1, Warning: 1 },
  EnableTagOverride: false,
};
const configured = { services: [aServiceDefinition()] };

describe("agent services over HTTP, without any server", () => {
  it("registers, shows and deregisters a service", async () => {
    const { ask } = anAgent();
    const registered = await ask("PUT", "/v1/agent/service/register", { Name: "web", Port: 80 });
    expect(registered).toMatchObject({ status: 200, text: "" });
    expect(registered.headers["Content-Type"]).toBeUndefined();
    const listed = await ask("GET", "/v1/agent/services");
    expect(listed.text).toBe(JSON.stringify({ web: shown }));
    const one = await ask("GET", "/v1/agent/service/web");
    expect(one.json).toMatchObject({ ...shown, ContentHash: one.headers["X-Consul-Contenthash"] });
    expect((await ask("PUT", "/v1/agent/service/deregister/web")).status).toBe(200);
    expect((await ask("GET", "/v1/agent/services")).text).toBe("{}");
    expect(await ask("GET", "/v1/agent/service/web")).toMatchObject({
      status: 404,
      text: "unknown service ID: web",
    });
  });

  it("answers Consul's texts for missing ids, unknown ids and wrong methods", async () => {
    const { ask } = anAgent();
    expect(await ask("PUT", "/v1/agent/service/deregister/")).toMatchObject({
      status: 500,
      text: "ServiceID missing",
    });
    expect(await ask("PUT", "/v1/agent/check/deregister/")).toMatchObject({
      status: 500,
      text: "CheckID missing",
    });
    expect(await ask("PUT", "/v1/agent/service/deregister/none")).toMatchObject({ status: 200 });
    expect(await ask("PUT", "/v1/agent/check/pass/none")).toMatchObject({
      status: 500,
      text: 'CheckID "none" does not have associated TTL',
    });
    const wrong = await ask("GET", "/v1/agent/service/register");
    expect(wrong).toMatchObject({
      status: 405,
      text: "method GET not allowed",
      headers: { Allow: "OPTIONS,PUT" },
    });
    expect((await ask("PUT", "/v1/agent/service/register", "{")).text).toMatch(/^Request decode failed: /);
  });

  it("wakes whoever waits on a service's hash when the service changes", async () => {
    const { world, agent, ask } = anAgent(configured);
    const hash = (await ask("GET", "/v1/agent/service/web")).headers["X-Consul-Contenthash"];
    let woken = false;
    const waiting = ask("GET", `/v1/agent/service/web?hash=${hash}&wait=8s`).finally(() => {
      woken = true;
    });
    await world.advance(1_000);
    expect(woken).toBe(false);
    agent.reload(aConfig({ services: [aServiceDefinition({ port: 81 })] }));
    expect((await waiting).json).toMatchObject({ Port: 81 });
    const again = ask(
      "GET",
      `/v1/agent/service/web?hash=${(await ask("GET", "/v1/agent/service/web")).headers["X-Consul-Contenthash"]}&wait=700ms`,
    );
    await world.advance(700);
    expect((await again).status).toBe(200);
  });

  it("turns a service's health into a status code", async () => {
    const { ask } = anAgent(configured);
    expect((await ask("GET", "/v1/agent/health/service/id/web")).status).toBe(200);
    await ask("PUT", "/v1/agent/service/maintenance/web?enable=true");
    const sick = await ask("GET", "/v1/agent/health/service/name/web?format=text");
    expect(sick).toMatchObject({
      status: 503,
      text: "maintenance",
      headers: { "X-Consul-Reason": "maintenance" },
    });
    const none = await ask("GET", "/v1/agent/health/service/id/none");
    expect(none).toMatchObject({
      status: 404,
      json: { AggregatedStatus: "critical", Service: null, Checks: null },
    });
  });
});

describe("agent checks over HTTP", () => {
  it("takes reports for a TTL check", async () => {
    const { ask } = anAgent();
    expect((await ask("PUT", "/v1/agent/check/register", { Name: "ttl", TTL: "60s" })).status).toBe(200);
    expect((await ask("GET", "/v1/agent/checks")).json).toEqual({
      ttl: {
        Node: "n1",
        CheckID: "ttl",
        Name: "ttl",
        Status: "critical",
        Notes: "",
        Output: "",
        ServiceID: "",
        ServiceName: "",
        ServiceTags: [],
        Type: "ttl",
        Definition: {},
        CreateIndex: 0,
        ModifyIndex: 0,
      },
    });
    await ask("PUT", "/v1/agent/check/warn/ttl?note=careful");
    expect((await ask("GET", "/v1/agent/checks")).json).toMatchObject({
      ttl: { Status: "warning", Output: "careful" },
    });
    await ask("PUT", "/v1/agent/check/update/ttl", { Status: "passing", Output: "all good" });
    expect((await ask("GET", "/v1/agent/checks")).json).toMatchObject({
      ttl: { Status: "passing", Output: "all good" },
    });
    expect(await ask("PUT", "/v1/agent/check/update/ttl", { Status: "odd" })).toMatchObject({
      status: 400,
      text: "Invalid check status: 'odd'",
    });
    expect(await ask("PUT", "/v1/agent/check/update/ttl", {})).toMatchObject({
      status: 400,
      text: "Invalid check status: ''",
    });
  });

  it("keeps maintenance mode across a restart and the first reason", async () => {
    const first = anAgent();
    await first.ask("PUT", "/v1/agent/maintenance?enable=true&reason=upgrade");
    await first.ask("PUT", "/v1/agent/maintenance?enable=true&reason=again");
    await first.agent.stop();
    const { ask } = anAgent({}, first.world);
    expect((await ask("GET", "/v1/agent/checks")).json).toMatchObject({
      _node_maintenance: { Notes: "upgrade", Status: "critical", Type: "maintenance" },
    });
    await ask("PUT", "/v1/agent/maintenance?enable=false");
    expect((await ask("GET", "/v1/agent/checks")).text).toBe("{}");
    expect(await ask("PUT", "/v1/agent/maintenance")).toMatchObject({
      status: 400,
      text: "Missing value for enable",
    });
    expect((await ask("PUT", "/v1/agent/maintenance?enable=x")).text).toBe('Invalid value for enable: "x"');
  });
});

describe("the agent about itself", () => {
  it("shows its configuration, member, coordinate and statistics without any server", async () => {
    const { ask } = anAgent(configured);
    const self = (await ask("GET", "/v1/agent/self")).json;
    expect(self).toMatchObject({
      Config: { Datacenter: "dc1", NodeName: "n1", NodeID: aConfig().nodeId, Server: false },
      Coord: { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5 },
      Member: { Name: "n1", Addr: "127.0.0.1", Port: 8301, Status: 1 },
      Stats: { agent: { services: "1" } },
      Meta: { "consul-network-segment": "" },
    });
    expect(Object.keys(self as object)).toEqual([
      "Config",
      "DebugConfig",
      "Coord",
      "Member",
      "Stats",
      "Meta",
    ]);
    expect((await ask("GET", "/v1/agent/members")).json).toMatchObject([
      { Name: "n1", Tags: { role: "node" } },
    ]);
    expect((await ask("GET", "/v1/agent/members?wan=1")).text).toBe("null");
  });

  it("lists the members that a server knows", async () => {
    const { world, ask } = anAgent();
    world.socket.welcome();
    await world.settle();
    const listing = ask("GET", "/v1/agent/members");
    await world.settle();
    const asked = world.socket.requests("Status.Members")[0];
    const other = { ...selfMember(aConfig(), 1), Name: "server-1" };
    world.socket.say({ t: "reply", id: asked?.t === "request" ? asked.id : 0, value: [other] });
    expect(((await listing).json as { Name: string }[]).map((member) => member.Name)).toEqual([
      "n1",
      "server-1",
    ]);
  });

  it("still lists itself when the server does not answer", async () => {
    const { world, ask } = anAgent();
    world.socket.welcome();
    const listing = ask("GET", "/v1/agent/members");
    await world.advance(2_000);
    expect((await listing).json).toMatchObject([{ Name: "n1" }]);
  });

  it("makes a node id once and keeps it in the data directory", () => {
    const first = anAgent({ nodeId: "" });
    const id = first.agent.status().nodeId;
    expect(first.world.files.get("node-id")).toBe(id);
    expect(anAgent({ nodeId: "" }, first.world).agent.status().nodeId).toBe(id);
  });

  it("reloads through its process and passes on what is wrong", async () => {
    const { ask } = anAgent({}, undefined, { reload: async () => fail("bad file") });
    expect(await ask("PUT", "/v1/agent/reload")).toMatchObject({ status: 500, text: "bad file" });
    expect((await anAgent().ask("PUT", "/v1/agent/reload")).status).toBe(200);
  });

  it("leaves through the link and tells its process", async () => {
    let left = false;
    const { world, ask } = anAgent({}, undefined, {
      left: () => {
        left = true;
      },
    });
    world.socket.welcome();
    await world.settle();
    const leaving = ask("PUT", "/v1/agent/leave");
    await world.settle();
    expect(world.socket.messages.at(-1)).toEqual({ t: "goodbye" });
    world.socket.events.closed("bye");
    expect((await leaving).status).toBe(200);
    expect(left).toBe(true);
  });
});
