// join, force-leave, event, keyring, rtt and reachability: what is asked, what is printed, and the exit codes of
// Consul 1.8.7.

import { describe, expect, it } from "vitest";
import { cli } from "./fake-ports.ts";

const json = (value: unknown) => ({ body: JSON.stringify(value) });

describe("join", () => {
  it("counts the addresses that worked", async () => {
    const refused = { status: 500, body: "1 error occurred:\n\t* Failed to join 10.0.0.9: no\n\n" };
    const ran = await cli(["join", "10.0.0.1:8301", "10.0.0.9"], { answers: [{ body: "" }, refused] });
    expect(ran.code).toBe(0);
    expect(ran.out).toBe("Successfully joined cluster by contacting 1 nodes.\n");
    expect(ran.err).toMatch(/^Error joining address '10\.0\.0\.9': Unexpected response code: 500/);
    expect(ran.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "PUT /v1/agent/join/10.0.0.1%3A8301",
      "PUT /v1/agent/join/10.0.0.9",
    ]);
  });

  it("fails when nobody could be joined, or nothing was said", async () => {
    const ran = await cli(["join", "a"], { answers: [{ status: 500, body: "x" }] });
    expect([ran.code, ran.err.endsWith("Failed to join any nodes.\n")]).toEqual([1, true]);
    expect(await cli(["join"])).toMatchObject({
      code: 1,
      err: "At least one address to join must be specified.\n",
    });
  });
});

describe("force-leave", () => {
  it("is silent when it worked", async () => {
    const ran = await cli(["force-leave", "-prune", "n1"], { answers: [{ body: "" }] });
    expect(ran).toMatchObject({ code: 0, out: "", err: "" });
    expect(ran.requests[0]?.path).toBe("/v1/agent/force-leave/n1?prune=1");
  });

  it("says why it did not, and wants one name", async () => {
    const unknown = { status: 500, body: "agent: No node found with name 'zz'" };
    expect((await cli(["force-leave", "zz"], { answers: [unknown] })).err).toBe(
      "Error force leaving: Unexpected response code: 500 (agent: No node found with name 'zz')\n",
    );
    for (const words of [["force-leave"], ["force-leave", "a", "b"]]) {
      expect(await cli(words)).toMatchObject({
        code: 1,
        err: "A single node name must be specified to force leave.\n",
      });
    }
  });
});

describe("event", () => {
  it("sends name, filters and payload, and prints the id", async () => {
    const ran = await cli(["event", "-name=deploy", "-node=web.*", "1.2"], {
      answers: [json({ ID: "x-1" })],
    });
    expect(ran).toMatchObject({ code: 0, out: "Event ID: x-1\n" });
    expect(ran.requests[0]).toMatchObject({
      method: "PUT",
      path: "/v1/event/fire/deploy?node=web.*",
      body: "1.2",
    });
  });

  it("refuses what no agent could use before it asks one", async () => {
    const cases = [
      [["event"], "Event name must be specified\n"],
      [
        ["event", "-name=a", "-node=("],
        "Failed to compile node filter regexp: error parsing regexp: missing closing ): `(`\n",
      ],
      [["event", "-name=a", "-tag=x"], "Cannot provide tag filter without service filter.\n"],
      [["event", "-name=a", "b", "c"], "Too many command line arguments.\n"],
    ] as const;
    for (const [words, err] of cases) expect(await cli(words)).toMatchObject({ code: 1, err, requests: [] });
  });
});

describe("keyring", () => {
  const rings = [
    { WAN: true, Datacenter: "dc1", Segment: "", Keys: { b: 1, a: 1 }, PrimaryKeys: { a: 1 }, NumNodes: 1 },
    { WAN: false, Datacenter: "dc1", Segment: "", Keys: { a: 2 }, PrimaryKeys: { a: 2 }, NumNodes: 3 },
  ];

  it("lists keys as Consul does", async () => {
    const ran = await cli(["keyring", "-list"], { answers: [json(rings)] });
    expect(ran.out).toBe(
      "==> Gathering installed encryption keys...\n\nWAN:\n  a [1/1]\n  b [1/1]\n\ndc1 (LAN):\n  a [2/3]\n",
    );
    const primary = await cli(["keyring", "-list-primary", "-local-only"], {
      answers: [json(rings.slice(1))],
    });
    expect(primary.out).toBe("==> Gathering installed primary encryption keys...\n\ndc1 (LAN):\n  a [2/3]\n");
    expect(primary.requests[0]?.path).toBe("/v1/operator/keyring?local-only=true");
  });

  it("installs, uses and removes with the method of each", async () => {
    for (const [flag, method] of [
      ["-install=k", "POST"],
      ["-use=k", "PUT"],
      ["-remove=k", "DELETE"],
    ] as const) {
      const ran = await cli(["keyring", flag, "-relay-factor=2"], { answers: [{ body: "" }] });
      expect(ran.code).toBe(0);
      expect(ran.requests[0]).toMatchObject({
        method,
        path: "/v1/operator/keyring?relay-factor=2",
        body: '{"Key":"k"}',
      });
    }
  });

  it("does one thing at a time, within limits, and says what failed", async () => {
    expect((await cli(["keyring"])).code).toBe(1);
    expect((await cli(["keyring", "-list", "-use=x"])).err).toBe("Only a single action is allowed\n");
    expect((await cli(["keyring", "-list", "-relay-factor=7"])).err).toBe(
      "Error parsing relay factor: Relay factor must be in range: [0, 5]\n",
    );
    const ran = await cli(["keyring", "-remove=k"], { answers: [{ status: 500, body: "1/1 nodes" }] });
    expect([ran.code, ran.err]).toEqual([1, "error: Unexpected response code: 500 (1/1 nodes)\n"]);
  });
});

describe("rtt", () => {
  const coordinate = (x: number) => ({
    Vec: [x, 0, 0, 0, 0, 0, 0, 0],
    Error: 1,
    Adjustment: 0,
    Height: 0.00001,
  });
  const nodes = [
    { Node: "a", Segment: "", Coord: coordinate(0) },
    { Node: "b", Segment: "", Coord: coordinate(0.001) },
  ];
  const self = json({ Config: { NodeName: "a", Datacenter: "dc1" } });

  it("estimates between two nodes, or from the agent", async () => {
    const two = await cli(["rtt", "a", "b"], { answers: [json(nodes)] });
    expect(two.out).toBe("Estimated a <-> b rtt: 1.020 ms (using LAN coordinates)\n");
    const one = await cli(["rtt", "b"], { answers: [self, json(nodes)] });
    expect(one.out).toBe("Estimated b <-> a rtt: 1.020 ms (using LAN coordinates)\n");
    const wan = [{ Datacenter: "dc1", AreaID: "WAN", Coordinates: nodes.slice(0, 1) }];
    const far = await cli(["rtt", "-wan", "a.dc1"], { answers: [self, json(wan)] });
    expect(far.out).toBe("Estimated a.dc1 <-> a.dc1 rtt: 0.020 ms (using WAN coordinates)\n");
  });

  it("names the node that has no coordinate", async () => {
    const ran = await cli(["rtt", "a", "zz"], { answers: [json(nodes)] });
    expect(ran).toMatchObject({ code: 1, err: 'Could not find a coordinate for node "zz"\n' });
    expect((await cli(["rtt"])).err).toBe("One or two node names must be specified\n");
    expect((await cli(["rtt", "-wan", "a"])).err).toContain("<node name>.<datacenter>");
  });
});

describe("reachability", () => {
  it("names who gave no answer", async () => {
    const good = await cli(["reachability"], {
      answers: [json({ Alive: ["a", "b"], Acks: ["b", "a"], Missing: [] })],
    });
    expect(good).toMatchObject({ code: 0 });
    expect(good.out).toContain("Successfully contacted all live nodes (2/2)");
    const bad = await cli(["reachability"], {
      answers: [json({ Alive: ["a", "b"], Acks: ["a"], Missing: ["b"] })],
    });
    expect(bad).toMatchObject({ code: 1, err: "Missing acks from:\n\tb\n" });
  });
});
