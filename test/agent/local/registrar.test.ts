import { describe, expect, it } from "vitest";
import type { RuntimeConfig } from "../../../agent/config/runtime-config.ts";
import { createPersistence } from "../../../agent/local/persistence.ts";
import { createRegistrar } from "../../../agent/local/registrar.ts";
import { createLocalState } from "../../../agent/local/state.ts";
import { aConfig, VirtualWorld } from "../rpc/virtual-world.ts";
import { fakeBackend } from "../../support/fake-backend.ts";
import { aCheckDefinition, aServiceDefinition } from "./builders.ts";

function aScene(world = new VirtualWorld(), changes: Partial<RuntimeConfig> = {}) {
  const config = aConfig(changes);
  const state = createLocalState();
  const persistence = createPersistence(world.ports, config.dataDir !== "");
  const registrar = createRegistrar(state, persistence, world.ports, () => config, fakeBackend({}));
  registrar.applyConfig(config);
  registrar.restore();
  registrar.start();
  return { world, state, registrar };
}

const ttl = aCheckDefinition({ ttlMillis: 10_000 });

describe("registrar", () => {
  it("names checks after their service: one alone, several by position, explicit ids kept", () => {
    const { state, registrar } = aScene();
    registrar.addService(aServiceDefinition({ id: "a", checks: [ttl] }), "api", false);
    registrar.addService(
      aServiceDefinition({ id: "b", checks: [ttl, { ...ttl, id: "mine", name: "named" }, ttl] }),
      "api",
      false,
    );
    expect([...state.checks.keys()]).toEqual(["service:a", "service:b:1", "mine", "service:b:3"]);
    expect(state.checks.get("service:a")?.check).toMatchObject({
      Name: "Service 'web' check",
      Status: "critical",
      Type: "ttl",
      ServiceID: "a",
    });
  });

  it("keeps status and output of a check when its service is registered again", () => {
    const { state, registrar } = aScene();
    const web = aServiceDefinition({ checks: [ttl] });
    registrar.addService(web, "api", false);
    registrar.report("service:web", "passing", "hi");
    registrar.addService({ ...web, tags: ["t"] }, "api", false);
    expect(state.checks.get("service:web")?.check).toMatchObject({
      Status: "passing",
      Output: "hi",
      ServiceTags: ["t"],
    });
  });

  it("keeps other checks of a service unless they are to be replaced", () => {
    const { state, registrar } = aScene();
    registrar.addService(aServiceDefinition({ checks: [{ ...ttl, id: "old" }] }), "api", false);
    registrar.addService(aServiceDefinition({ checks: [{ ...ttl, id: "new" }] }), "api", false);
    expect([...state.checks.keys()]).toEqual(["old", "new"]);
    registrar.addService(aServiceDefinition({ checks: [{ ...ttl, id: "new" }] }), "api", true);
    expect([...state.checks.keys()]).toEqual(["new"]);
  });

  it("removes the checks of a service with it, and their files", () => {
    const { world, state, registrar } = aScene();
    registrar.addService(aServiceDefinition({ checks: [ttl] }), "api", false);
    registrar.report("service:web", "passing", "");
    expect(world.files.size).toBe(3);
    registrar.removeService("web");
    expect(state.checks.size).toBe(0);
    expect(world.files.size).toBe(0);
    expect([...state.removedServices.keys()]).toEqual(["web"]);
    expect(state.removedChecks.size).toBe(0);
  });

  it("refuses a check of a service it does not know and a report for anything but a TTL check", () => {
    const { registrar } = aScene();
    expect(registrar.addCheck({ ...ttl, name: "x", serviceId: "none" }, "api")).toMatchObject({
      error: { args: ['ServiceID "none" does not exist'] },
    });
    registrar.addCheck(aCheckDefinition({ name: "h", http: "http://x/", intervalMillis: 1_000 }), "api");
    expect(registrar.report("h", "passing", "")).toMatchObject({
      error: { args: ['CheckID "h" does not have associated TTL'] },
    });
  });

  it("brings back services and checks after a restart, and the state of a TTL check that has not expired", async () => {
    const first = aScene();
    first.registrar.addService(aServiceDefinition({ checks: [ttl], token: "tok" }), "api", false);
    first.registrar.addCheck({ ...ttl, name: "loose" }, "api");
    first.registrar.report("service:web", "passing", "alive");
    await first.world.advance(4_000);
    first.registrar.stop();
    const second = aScene(first.world);
    expect(second.state.services.get("web")).toMatchObject({ token: "tok", service: { Port: 80 } });
    expect(second.state.checks.get("service:web")?.check).toMatchObject({
      Status: "passing",
      Output: "alive",
    });
    expect(second.state.checks.get("loose")?.check).toMatchObject({ Status: "critical", Output: "" });
    await second.world.advance(7_000);
    expect(second.state.checks.get("service:web")?.check).toMatchObject({
      Status: "critical",
      Output: "TTL expired (last output before timeout follows): alive",
    });
  });

  it("forgets the state of a TTL check that expired while the agent was away", () => {
    const first = aScene();
    first.registrar.addService(aServiceDefinition({ checks: [ttl] }), "api", false);
    first.registrar.report("service:web", "passing", "alive");
    first.registrar.stop();
    first.world.now += 60_000;
    const second = aScene(first.world);
    expect(second.state.checks.get("service:web")?.check).toMatchObject({ Status: "critical", Output: "" });
  });

  it("reports a corrupt file by its name, skips it and starts", () => {
    const world = new VirtualWorld();
    world.files.set("services/broken", "{ not json");
    world.files.set("checks/odd", '{"Token":"","Check":{"CheckID":7}}');
    const first = aScene(world);
    first.registrar.addService(aServiceDefinition(), "api", false);
    const { state } = aScene(world);
    expect([...state.services.keys()]).toEqual(["web"]);
    const errors = world.logs.filter((line) => line.startsWith("error"));
    expect(errors.some((line) => line.includes("services/broken"))).toBe(true);
    expect(errors.some((line) => line.includes("checks/odd"))).toBe(true);
  });

  it("replaces what configuration files held and leaves API registrations alone", () => {
    const { state, registrar } = aScene(new VirtualWorld(), {
      services: [aServiceDefinition({ name: "cfg", checks: [ttl] })],
    });
    registrar.addService(aServiceDefinition({ name: "api" }), "api", false);
    registrar.applyConfig(
      aConfig({
        services: [aServiceDefinition({ name: "cfg", port: 1 }), aServiceDefinition({ name: "cfg2" })],
      }),
    );
    expect([...state.services.keys()].sort()).toEqual(["api", "cfg", "cfg2"]);
    expect(state.services.get("cfg")?.service.Port).toBe(1);
    expect(state.checks.size).toBe(0);
    registrar.applyConfig(aConfig());
    expect([...state.services.keys()]).toEqual(["api"]);
  });

  it("fills in the lan and wan address of the address's family", () => {
    const { state, registrar } = aScene();
    registrar.addService(aServiceDefinition({ address: "10.9.8.7" }), "api", false);
    const address = { Address: "10.9.8.7", Port: 80 };
    expect(state.services.get("web")?.service.TaggedAddresses).toEqual({
      lan_ipv4: address,
      wan_ipv4: address,
    });
    registrar.addService(aServiceDefinition({ address: "example.com" }), "api", false);
    expect(state.services.get("web")?.service.TaggedAddresses).toBeUndefined();
  });

  it("deregisters a service that was critical for too long, looking every thirty seconds", async () => {
    const { world, state, registrar } = aScene();
    const deadly = { ...ttl, deregisterCriticalAfterMillis: 60_000 };
    registrar.addService(aServiceDefinition({ checks: [deadly] }), "api", false);
    await world.advance(89_000);
    expect(state.services.has("web")).toBe(true);
    await world.advance(40_000);
    expect(state.services.has("web")).toBe(false);
  });
});
