import { describe, expect, it } from "vitest";
import { createServers } from "../../../agent/rpc/servers.ts";
import { serverRegistration } from "../../../agent/local/server-node.ts";
import type { OwnServer } from "../../../agent/ports.ts";
import { createServerDirectory } from "../../../agent/rpc/server-directory.ts";
import { createOwnServers } from "../../../agent/rpc/own-server.ts";
import { type FakeAnswers, fakeBackend, fakeMeta } from "../../support/fake-backend.ts";
import { aConfig, VirtualWorld } from "./virtual-world.ts";
import { anOwnServer } from "../../support/known-servers.ts";

const config = aConfig({ ownServer: anOwnServer({ dev: true }) });

function scene() {
  const world = new VirtualWorld();
  const answers: FakeAnswers = {};
  const backend = fakeBackend(answers);
  const counts = { started: 0, stopped: 0, up: 0, left: 0 };
  const server: OwnServer = {
    backend,
    start: () => void counts.started++,
    hasState: () => true,
    leave: async () => {
      counts.left++;
      return true;
    },
    stop: () => void counts.stopped++,
  };
  const servers = createOwnServers(config, server, world.ports);
  servers.onUp(() => void counts.up++);
  return { world, answers, backend, counts, server, servers };
}

function emptyCatalog(answers: FakeAnswers): void {
  answers["Catalog.NodeServices"] = () => ({ meta: fakeMeta, value: null });
  answers["Health.NodeChecks"] = () => ({ meta: fakeMeta, value: [] });
  answers["Catalog.Register"] = () => true as never;
}

describe("the server in this process", () => {
  it("is up when its node stands in the catalog, and tries until then", async () => {
    const { world, answers, backend, counts, servers } = scene();
    servers.start();
    await world.settle();
    expect([counts.up, servers.status().up]).toEqual([0, false]);
    emptyCatalog(answers);
    await world.advance(1_000);
    expect([counts.up, servers.status()]).toMatchObject([1, { up: true, server: "n1" }]);
    const written = backend.calls.filter(({ method }) => method === "Catalog.Register");
    expect(written.map(({ request }) => request)).toEqual([
      { token: "", registration: serverRegistration(config) },
    ]);
  });

  it("puts its node back when somebody deregistered it, and leaves a right one alone", async () => {
    const { world, answers, backend, servers } = scene();
    emptyCatalog(answers);
    servers.start();
    await world.settle();
    const { ID, Node, Service, Checks } = serverRegistration(config);
    answers["Catalog.NodeServices"] = () =>
      ({ meta: fakeMeta, value: { Node: { ID, Node }, Services: { consul: Service } } }) as never;
    answers["Health.NodeChecks"] = () => ({ meta: fakeMeta, value: Checks }) as never;
    const writes = () => backend.calls.filter(({ method }) => method === "Catalog.Register").length;
    await world.advance(60_000);
    expect(writes()).toBe(1);
    emptyCatalog(answers);
    await world.advance(60_000);
    expect(writes()).toBe(2);
  });

  it("stops once, for a leave as well", async () => {
    const { world, answers, counts, servers } = scene();
    emptyCatalog(answers);
    servers.start();
    await world.settle();
    await servers.goodbye();
    expect(counts).toMatchObject({ started: 1, stopped: 1, left: 1 });
    expect(servers.status().up).toBe(false);
  });

  it("takes the place of the link", () => {
    const { server, world } = scene();
    const servers = createServers(
      config,
      { ...world.ports, ownServer: server },
      createServerDirectory(),
      () => {},
    );
    expect(servers.backend).toBe(server.backend);
    expect(world.sockets).toEqual([]);
  });
});
