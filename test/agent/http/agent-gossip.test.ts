// /v1/agent/join, force-leave, reachability and /v1/operator/keyring, asked of agents that gossip on a network in memory.
// Texts and statuses are Consul 1.8.7's.

import { describe, expect, it } from "vitest";
import { agentGossipRoutes, errorsText } from "../../../agent/http/routes/agent-gossip.ts";
import { operatorKeyringRoutes } from "../../../agent/http/routes/operator-keyring.ts";
import type { RuntimeConfig } from "../../../agent/config/runtime-config.ts";
import { gossipCipher } from "../../../agent/runtime/gossip-cipher.ts";
import { lanProfile } from "../../../shared/gossip/config.ts";
import { GossipWorld } from "../gossip/gossip-world.ts";
import { anAgent } from "./door.ts";

const encrypt = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

async function gossiping(
  world: GossipWorld,
  name: string,
  host: string,
  change: Partial<RuntimeConfig> = {},
) {
  const ports = { ...world.ports, gossipNetwork: world.network(host), gossipCipher };
  const around = Object.create(world, { ports: { value: ports } }) as GossipWorld;
  const scene = anAgent(
    {
      nodeName: name,
      nodeId: `${name.repeat(8)}-1111-4111-8111-111111111111`,
      advertiseAddr: host,
      gossip: {
        bindHost: host,
        startJoin: [],
        retryJoin: [],
        retryIntervalMillis: 30_000,
        retryMax: 0,
        rejoinAfterLeave: false,
        encrypt,
        disableKeyringFile: false,
        reconnectTimeoutMillis: 1e9,
        verifyIncoming: true,
        verifyOutgoing: true,
        profile: lanProfile,
      },
      ...change,
    },
    around,
  );
  expect(await scene.agent.openPool()).toEqual({ ok: true, value: undefined });
  return {
    ...scene,
    async later(method: string, path: string, body?: unknown) {
      const asked = scene.ask(method, path, body);
      await world.advance(4_000);
      return asked;
    },
  };
}

async function pair() {
  const world = new GossipWorld();
  const a = await gossiping(world, "a", "10.0.0.1");
  const b = await gossiping(world, "b", "10.0.0.2");
  expect(await b.later("PUT", "/v1/agent/join/10.0.0.1:8301")).toMatchObject({ status: 200, text: "" });
  return { world, a, b };
}

describe("joining and leaving by HTTP", () => {
  it("joins, and says why it could not", async () => {
    const { a } = await pair();
    const failed = await a.later("PUT", "/v1/agent/join/10.0.0.9:1");
    expect(failed).toMatchObject({
      status: 500,
      text: "1 error occurred:\n\t* Failed to join 10.0.0.9: dial tcp 10.0.0.9:1: connect: connection refused\n\n",
    });
    expect((await a.later("PUT", "/v1/agent/join/")).text).toContain(
      "Failed to resolve : lookup : no such host",
    );
    expect(await a.later("PUT", "/v1/agent/join/x?wan=1")).toMatchObject({
      status: 500,
      text: "Must be a server to join WAN cluster",
    });
    expect(errorsText(["x", "y"])).toBe("2 errors occurred:\n\t* x\n\t* y\n\n");
    expect([agentGossipRoutes.length, operatorKeyringRoutes.length]).toEqual([3, 4]);
  });

  it("gives up only members that it knows", async () => {
    const { a } = await pair();
    expect(await a.later("PUT", "/v1/agent/force-leave/zz")).toMatchObject({
      status: 500,
      text: "agent: No node found with name 'zz'",
    });
    expect(await a.later("PUT", "/v1/agent/force-leave/b?prune")).toMatchObject({ status: 200 });
  });

  it("asks everybody for an acknowledgement", async () => {
    const { a } = await pair();
    expect((await a.later("GET", "/v1/agent/reachability")).json).toEqual({
      Alive: ["a", "b"],
      Acks: expect.arrayContaining(["a", "b"]),
      Missing: [],
    });
  });

  it("says that it does not gossip when it does not", async () => {
    const { ask } = anAgent();
    expect((await ask("PUT", "/v1/agent/join/x")).status).toBe(500);
    expect((await ask("PUT", "/v1/agent/force-leave/x")).text).toBe("agent: No node found with name 'x'");
    expect((await ask("GET", "/v1/agent/reachability")).text).toContain("does not gossip");
    expect((await ask("GET", "/v1/operator/keyring")).text).toContain("does not gossip");
    expect((await ask("GET", "/v1/agent/members?segment=x")).text).toBe(
      "Network segments are not supported in this version of Consul",
    );
  });
});

describe("/v1/operator/keyring", () => {
  const next = "enp6enp6enp6enp6enp6eg==";

  it("lists, installs, uses and removes on all members", async () => {
    const { a, b } = await pair();
    expect((await a.later("POST", "/v1/operator/keyring", { Key: next })).status).toBe(200);
    expect((await a.later("PUT", "/v1/operator/keyring", { Key: next })).status).toBe(200);
    expect((await b.later("DELETE", "/v1/operator/keyring?relay-factor=1", { Key: encrypt })).status).toBe(
      200,
    );
    expect((await b.later("GET", "/v1/operator/keyring")).json).toEqual([
      {
        WAN: false,
        Datacenter: "dc1",
        Segment: "",
        Keys: { [next]: 2 },
        PrimaryKeys: { [next]: 2 },
        NumNodes: 2,
      },
    ]);
  });

  it("says which members refused", async () => {
    const { a } = await pair();
    expect(await a.later("DELETE", "/v1/operator/keyring", { Key: encrypt })).toMatchObject({
      status: 500,
      text: "3 errors occurred:\n\t* dc1 (LAN) error: 2/2 nodes reported failure\n\t* a: Removing the primary key is not allowed\n\t* b: Removing the primary key is not allowed\n\n",
    });
    expect((await a.later("POST", "/v1/operator/keyring", { Key: "%%" })).text).toBe(
      "1 error occurred:\n\t* dc1 (LAN) error: illegal base64 data at input byte 0\n\n",
    );
  });

  it("refuses options that are none", async () => {
    const { a } = await pair();
    const texts = new Map([
      ["relay-factor=9", "Bad request: Invalid relay-factor: Relay factor must be in range: [0, 5]"],
      [
        "relay-factor=x",
        'Bad request: Error parsing relay factor: strconv.Atoi: parsing "x": invalid syntax',
      ],
      [
        "local-only=x",
        'Bad request: Error parsing local-only: strconv.ParseBool: parsing "x": invalid syntax',
      ],
    ]);
    for (const [query, text] of texts) {
      expect(await a.ask("GET", `/v1/operator/keyring?${query}`)).toMatchObject({ status: 400, text });
    }
    expect(await a.ask("POST", "/v1/operator/keyring?local-only=true", { Key: next })).toMatchObject({
      status: 400,
    });
    expect((await a.ask("POST", "/v1/operator/keyring", "x")).status).toBe(400);
  });
});
