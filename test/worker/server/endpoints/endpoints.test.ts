import { describe, expect, it } from "vitest";
import type { Result } from "../../../../shared/base/result.ts";
import { errorMessage, type ServerError } from "../../../../shared/errors.ts";
import { rpcKinds } from "../../../../shared/rpc/methods.ts";
import { catalogEndpoints } from "../../../../worker/server/endpoints/catalog.ts";
import type { LocalContext } from "../../../../worker/server/endpoints/endpoint.ts";
import { healthEndpoints } from "../../../../worker/server/endpoints/health.ts";
import { endpoints } from "../../../../worker/server/endpoints/index.ts";
import { kvEndpoints } from "../../../../worker/server/endpoints/kv.ts";
import { listOf, requestOf, text } from "../../../../worker/server/endpoints/request-shape.ts";
import { statusEndpoints } from "../../../../worker/server/endpoints/status.ts";

const options = { datacenter: "", token: "", consistency: "default", minIndex: 0, waitMillis: 0 };
const registration = {
  Datacenter: "",
  ID: "",
  Node: "n1",
  Address: "10.0.0.1",
  TaggedAddresses: null,
  NodeMeta: null,
  Service: null,
  Checks: [],
  SkipNodeUpdate: false,
};

function refusal(result: Result<unknown, ServerError>): string {
  return result.ok ? "" : errorMessage(result.error);
}

describe("endpoints", () => {
  it("are listed with the kind that the method list says", () => {
    const kinds = Object.fromEntries(
      Object.entries(endpoints).map(([name, endpoint]) => [name, endpoint.kind]),
    );
    expect(kinds).toEqual(rpcKinds);
  });

  it("refuse a read without its fields or with options of another shape", () => {
    const get = kvEndpoints["KVS.Get"].check;
    expect(refusal(get({ options, key: "a" }))).toBe("");
    expect(refusal(get({ options }))).toBe("wrong request: key");
    expect(refusal(get(null))).toBe("a request is an object");
    for (const change of [
      { consistency: "eventual" },
      { minIndex: -1 },
      { minIndex: 1.5 },
      { waitMillis: null },
    ]) {
      expect(refusal(get({ options: { ...options, ...change }, key: "a" }))).toBe("wrong request: options");
    }
    const nodes = healthEndpoints["Health.ServiceNodes"].check;
    const asked = { options, service: "web", tags: [], passingOnly: true, nodeMeta: {} };
    expect(refusal(nodes(asked))).toBe("");
    expect(refusal(nodes({ ...asked, nodeMeta: { a: 1 } }))).toBe("wrong request: nodeMeta");
  });

  it("refuse a registration as Consul does", () => {
    const { check } = catalogEndpoints["Catalog.Register"];
    const ask = (change: object) =>
      refusal(check({ token: "", registration: { ...registration, ...change } }));
    const service = { ID: "web", Service: "", Tags: [], Port: 80 };
    expect(ask({})).toBe("");
    expect(ask({ Node: "" })).toBe("Must provide node");
    expect(ask({ Address: "" })).toBe("Must provide address if SkipNodeUpdate is not set");
    expect(ask({ Address: "", SkipNodeUpdate: true })).toBe("");
    expect(ask({ Service: service })).toBe("Must provide service name with ID");
    expect(ask({ Checks: [{}] })).toBe("wrong request: registration");
    const deregistration = { Datacenter: "", Node: "", ServiceID: "", CheckID: "" };
    expect(refusal(catalogEndpoints["Catalog.Deregister"].check({ token: "", deregistration }))).toBe(
      "Must provide node",
    );
  });

  it("refuse KV operations that no client of ours sends", () => {
    const ask = (operation: object) => refusal(kvEndpoints["KVS.Apply"].check({ token: "", operation }));
    const set = { verb: "set", key: "a", value: "YQ==", flags: "18446744073709551615" };
    expect(ask(set)).toBe("");
    expect(ask({ ...set, value: null })).toBe("");
    for (const change of [
      { flags: "18446744073709551616" },
      { flags: 1 },
      { value: "ä" },
      { verb: "toString" },
    ]) {
      expect(ask({ ...set, ...change })).toBe("wrong request: operation");
    }
    expect(ask({ ...set, key: "" })).toBe("Must provide key");
    expect(ask({ verb: "delete-tree", key: "" })).toBe("");
    expect(ask({ ...set, value: "A".repeat(1_398_108) })).toBe("a value has at most 1048576 bytes");
  });

  it("show raft's state as Consul does", async () => {
    const context = {
      leader: async () => "server-1",
      config: {
        id: "server-1",
        datacenter: "dc1",
      },
      status: {
        ...{ role: "leader", leader: null, term: 3, lastContactMillis: 0, appliedIndex: 9, numPeers: 2 },
        servers: [
          { id: "server-1", address: "server-1.dc1:8300", voter: true },
          { id: "server-2", address: "", voter: true },
        ],
      },
    } as unknown as LocalContext;
    expect(await statusEndpoints["Status.Leader"].run(context)).toBe("server-1.dc1:8300");
    expect(statusEndpoints["Status.Peers"].run(context)).toEqual(["server-1.dc1:8300", "server-2"]);
    expect(statusEndpoints["Status.Raft"].run(context)).toMatchObject({
      state: "Leader",
      term: "3",
      last_contact: "0",
    });
    const alone = {
      ...context,
      leader: async () => null,
      status: { ...context.status, role: "follower", lastContactMillis: Infinity },
    } as LocalContext;
    expect(await statusEndpoints["Status.Leader"].run(alone)).toBe("");
    expect(statusEndpoints["Status.Raft"].run(alone)).toMatchObject({
      state: "Follower",
      last_contact: "never",
    });
    expect(catalogEndpoints["Catalog.ListDatacenters"].run(context)).toEqual(["dc1"]);
  });

  it("name the field of a request that is wrong", () => {
    const check = requestOf({ names: listOf(text) });
    expect(refusal(check({ names: ["a"] }))).toBe("");
    expect(refusal(check({ names: [1] }))).toBe("wrong request: names");
  });
});
