import { describe, expect, it } from "vitest";
import { createAntiEntropy } from "../../../agent/local/anti-entropy.ts";
import { newCheck } from "../../../shared/structs/definition-rows.ts";
import { localNode } from "../../../agent/local/node.ts";
import { createLocalState, type LocalCheck, type LocalService } from "../../../agent/local/state.ts";
import { ok, type Result } from "../../../shared/base/result.ts";
import type { ServerError } from "../../../shared/errors.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import type { HealthCheck } from "../../../shared/structs/check.ts";
import type { DeregisterRequest, RegisterRequest } from "../../../shared/structs/registration.ts";
import type { NodeServices } from "../../../shared/structs/service.ts";
import { aCheckDefinition, aService } from "./builders.ts";
import { aConfig, VirtualWorld } from "../rpc/virtual-world.ts";

const config = aConfig();
const node = localNode(config);

/** A catalog that keeps what it is told, and remembers every write. */
class FakeCatalog {
  services: NodeServices | null = null;
  checks: HealthCheck[] = [];
  writes: (RegisterRequest | DeregisterRequest)[] = [];
  reads = 0;
  refuse: ServerError | null = null;

  /** Queries that wait for a change of this node. */
  waiting: ((answer: Result<unknown, ServerError>) => void)[] = [];

  readonly backend: Backend = {
    call: async (method, request) => {
      const { minIndex = 0 } = (request as { options?: { minIndex: number } }).options ?? {};
      if (minIndex > 0) return new Promise((resolve) => void this.waiting.push(resolve as never));
      return (await this.answer(method, request)) as never;
    },
  };

  /** Somebody else changed this node's entries. */
  tell(): void {
    for (const answer of this.waiting.splice(0)) answer(ok({ meta: { index: 9 }, value: null }));
  }

  async answer(method: string, request: unknown): Promise<Result<unknown, ServerError>> {
    const meta = { index: 1, lastContactMillis: 0, knownLeader: true, consistency: "default" };
    if (method === "Catalog.NodeServices") {
      this.reads += 1;
      return ok({ meta, value: structuredClone(this.services) });
    }
    if (method === "Health.NodeChecks") return ok({ meta, value: structuredClone(this.checks) });
    if (this.refuse !== null) return { ok: false, error: this.refuse };
    if (method === "Catalog.Register")
      this.register((request as { registration: RegisterRequest }).registration);
    else this.deregister((request as { deregistration: DeregisterRequest }).deregistration);
    return ok(true);
  }

  register(request: RegisterRequest): void {
    this.writes.push(request);
    const row = {
      ID: request.ID,
      Node: request.Node,
      Address: request.Address,
      Datacenter: "dc1",
      TaggedAddresses: request.TaggedAddresses,
      Meta: request.NodeMeta,
      CreateIndex: 1,
      ModifyIndex: 1,
    };
    this.services ??= { Node: row, Services: {} };
    if (!request.SkipNodeUpdate) this.services.Node = row;
    if (request.Service !== null)
      this.services.Services[request.Service.ID] = { ...request.Service, CreateIndex: 2, ModifyIndex: 2 };
    for (const check of request.Checks) {
      this.checks = this.checks.filter((known) => known.CheckID !== check.CheckID);
      this.checks.push({ ...check, ServiceName: "", ServiceTags: [], CreateIndex: 3, ModifyIndex: 3 });
    }
  }

  deregister(request: DeregisterRequest): void {
    this.writes.push(request);
    delete this.services?.Services[request.ServiceID];
    this.checks = this.checks.filter(
      (check) =>
        check.CheckID !== request.CheckID &&
        (request.ServiceID === "" || check.ServiceID !== request.ServiceID),
    );
  }
}

function service(id: string, changes: Partial<LocalService["service"]> = {}): LocalService {
  return { service: { ...aService(id), ...changes }, token: "", source: "api" };
}

function check(id: string, owner: LocalService | null): LocalCheck {
  const definition = aCheckDefinition({ id, name: id, ttlMillis: 10_000 });
  return {
    check: newCheck("n1", definition, "ttl", owner?.service ?? null),
    definition,
    token: "",
    source: "api",
  };
}

function aScene(checkUpdateIntervalMillis = 300_000, watches = false) {
  const world = new VirtualWorld();
  const state = createLocalState();
  const catalog = new FakeCatalog();
  let linked = true;
  const sync = createAntiEntropy(
    state,
    catalog.backend,
    world.ports,
    () => ({ node, defaultToken: "", checkUpdateIntervalMillis, watches }),
    () => linked,
  );
  return { world, state, catalog, sync, setLinked: (value: boolean) => (linked = value) };
}

describe("anti-entropy", () => {
  it("registers the node once and each service with its checks in one registration", async () => {
    const { world, state, catalog, sync } = aScene();
    const web = service("web");
    state.setService(web);
    state.setCheck(check("web-ttl", web));
    sync.start();
    await world.settle();
    expect(catalog.writes.length).toBe(2);
    expect(catalog.writes[0]).toMatchObject({ Node: "n1", Service: null, SkipNodeUpdate: false });
    expect(catalog.writes[1]).toMatchObject({
      Service: { ID: "web" },
      Checks: [{ CheckID: "web-ttl" }],
      SkipNodeUpdate: true,
    });
  });

  it("writes nothing when the catalog already says the same", async () => {
    const { world, state, catalog, sync } = aScene();
    state.setService(service("web"));
    sync.start();
    await world.settle();
    catalog.writes = [];
    await world.advance(600_000);
    expect(catalog.reads).toBeGreaterThan(3);
    expect(catalog.writes).toEqual([]);
  });

  it("leaves servers that sleep alone while nothing changes, and compares when they say that something did", async () => {
    const { world, state, catalog, sync } = aScene(300_000, true);
    state.setService(service("web"));
    sync.start();
    await world.settle();
    const reads = catalog.reads;
    await world.advance(3_500_000);
    expect(catalog.reads).toBe(reads);
    catalog.services = null; // somebody deregistered the node
    catalog.writes = [];
    catalog.tell();
    await world.advance(2_000);
    expect(catalog.writes).toMatchObject([{ Service: null }, { Service: { ID: "web" } }]);
    await world.advance(7_300_000);
    expect(catalog.reads).toBeLessThan(reads + 5);
    expect(catalog.reads).toBeGreaterThan(reads + 1);
  });

  it("removes what nobody registered here, but neither serfHealth nor the servers' service", async () => {
    const { world, catalog, sync } = aScene();
    const row = {
      Datacenter: "dc1",
      ID: node.id,
      Node: "n1",
      Address: node.address,
      TaggedAddresses: { ...node.taggedAddresses },
      NodeMeta: { ...node.meta },
      Service: null,
      Checks: [],
      SkipNodeUpdate: false,
    };
    const serf = newCheck("n1", aCheckDefinition({ id: "serfHealth", name: "Serf Health Status" }), "", null);
    catalog.register({ ...row, Service: aService("consul"), Checks: [serf] });
    const ghost = aService("ghost");
    catalog.register({
      ...row,
      Service: ghost,
      Checks: [newCheck("n1", aCheckDefinition({ id: "g", name: "g" }), "", ghost)],
    });
    catalog.writes = [];
    sync.start();
    await world.settle();
    expect(catalog.writes).toEqual([{ Datacenter: "dc1", Node: "n1", ServiceID: "ghost", CheckID: "" }]);
    expect(Object.keys(catalog.services?.Services ?? {})).toEqual(["consul"]);
  });

  it("overwrites what somebody changed in the catalog", async () => {
    const { world, state, catalog, sync } = aScene();
    state.setService(service("web", { Port: 80 }));
    sync.start();
    await world.settle();
    const there = catalog.services?.Services.web;
    if (there !== undefined) there.Port = 81;
    catalog.writes = [];
    sync.syncFully();
    await world.settle();
    expect(catalog.services?.Services.web?.Port).toBe(80);
    expect(catalog.writes.length).toBe(1);
  });

  it("lets the catalog's tags win with EnableTagOverride", async () => {
    const { world, state, catalog, sync } = aScene();
    state.setService(service("web", { EnableTagOverride: true, Tags: ["local"] }));
    sync.start();
    await world.settle();
    const there = catalog.services?.Services.web;
    if (there !== undefined) there.Tags = ["remote"];
    catalog.writes = [];
    sync.syncFully();
    await world.settle();
    expect(state.services.get("web")?.service.Tags).toEqual(["remote"]);
    expect(catalog.writes).toEqual([]);
  });

  it("pushes a local change at once without reading the catalog again", async () => {
    const { world, state, catalog, sync } = aScene();
    sync.start();
    await world.settle();
    const reads = catalog.reads;
    state.setService(service("a"));
    state.setService(service("b"));
    await world.settle();
    expect(catalog.writes.length).toBe(3);
    state.removeService("a");
    await world.settle();
    expect(catalog.writes.at(-1)).toMatchObject({ ServiceID: "a" });
    expect(catalog.reads).toBe(reads);
  });

  it("pushes a status at once and holds back an output that changed alone", async () => {
    const { world, state, catalog, sync } = aScene();
    state.setCheck(check("c", null));
    sync.start();
    await world.settle();
    catalog.writes = [];
    state.updateCheck("c", "passing", "one");
    await world.settle();
    expect(catalog.checks[0]).toMatchObject({ Status: "passing", Output: "one" });
    catalog.writes = [];
    state.updateCheck("c", "passing", "two");
    await world.advance(200_000);
    expect(catalog.writes).toEqual([]);
    await world.advance(101_000);
    expect(catalog.checks[0]?.Output).toBe("two");
  });

  it("pushes outputs like statuses when the update interval is zero", async () => {
    const { world, state, catalog, sync } = aScene(0);
    state.setCheck(check("c", null));
    sync.start();
    await world.settle();
    state.updateCheck("c", "critical", "more");
    await world.settle();
    expect(catalog.checks[0]?.Output).toBe("more");
  });

  it("tries a failed sync again after fifteen seconds and some", async () => {
    const { world, state, catalog, sync } = aScene();
    catalog.refuse = { code: "noLeader", args: [] };
    state.setService(service("web"));
    sync.start();
    await world.advance(14_000);
    catalog.refuse = null;
    expect(catalog.writes).toEqual([]);
    await world.advance(10_000);
    expect(catalog.services?.Services.web).toBeDefined();
  });

  it("waits for a link and then syncs everything", async () => {
    const { world, state, catalog, sync, setLinked } = aScene();
    setLinked(false);
    sync.start();
    state.setService(service("web"));
    await world.advance(120_000);
    expect(catalog.reads).toBe(0);
    setLinked(true);
    sync.syncFully();
    await world.settle();
    expect(catalog.services?.Services.web).toBeDefined();
  });

  it("does not mark a service as synced that changed while its registration was on the way", async () => {
    const { world, state, catalog, sync } = aScene();
    sync.start();
    await world.settle();
    state.setService(service("web", { Port: 1 }));
    await Promise.resolve();
    state.setService(service("web", { Port: 2 }));
    await world.settle();
    expect(catalog.services?.Services.web?.Port).toBe(2);
    expect(state.serviceInSync("web")).toBe(true);
  });
});
