import { describe, expect, it } from "vitest";
import { linkHello } from "../../../agent/local/node.ts";
import { createBackend } from "../../../agent/rpc/backend.ts";
import { createLink, type Link } from "../../../agent/rpc/link.ts";
import { errorMessage } from "../../../shared/errors.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import type { Reply } from "../../../shared/structs/query.ts";
import { aConfig, VirtualWorld } from "./virtual-world.ts";

const common = { token: () => "secret", datacenter: "dc1", asConsul: false, holdMillis: 7_000 };

type Scene = { world: VirtualWorld; link: Link; backend: Backend };

function aScene(urls = ["http://edge:1"]): Scene {
  const world = new VirtualWorld();
  const config = aConfig();
  const link = createLink({ ...common, urls: () => urls, hello: () => linkHello(config) }, world.ports);
  return { world, link, backend: createBackend(link, world.ports) };
}

const options = { datacenter: "", token: "", consistency: "default", minIndex: 0, waitMillis: 0 } as const;

function reply(value: unknown, index = 7): Reply<unknown> {
  return { meta: { index, lastContactMillis: 0, knownLeader: true, consistency: "default" }, value };
}

async function connected(): Promise<Scene> {
  const scene = aScene();
  scene.link.start();
  scene.world.socket.welcome();
  await scene.world.settle();
  return scene;
}

describe("link", () => {
  it("dials the edge's link door with the token and says hello", async () => {
    const { world } = await connected();
    expect(world.socket.url).toBe("ws://edge:1/v1/link?node=n1");
    expect(world.socket.token).toBe("secret");
    expect(world.socket.messages[0]).toMatchObject({ t: "hello", node: "n1", version: 1, datacenter: "dc1" });
  });

  it("sends all requests of one turn as one frame", async () => {
    const { world, backend } = await connected();
    const before = world.socket.frames.length;
    void backend.call("KVS.Get", { key: "a", options });
    void backend.call("KVS.Get", { key: "b", options });
    void backend.call("Status.Leader", {});
    await world.settle();
    expect(world.socket.frames.length).toBe(before + 1);
    expect(world.socket.requests().length).toBe(3);
  });

  it("gives each caller its own answer", async () => {
    const { world, backend } = await connected();
    const first = backend.call("KVS.Get", { key: "a", options });
    const second = backend.call("KVS.Get", { key: "b", options });
    await world.settle();
    const [a, b] = world.socket.requests();
    if (a?.t !== "request" || b?.t !== "request") throw new Error("two requests expected");
    world.socket.say(
      { t: "error", id: b.id, error: { code: "noLeader", args: [] } },
      { t: "reply", id: a.id, value: reply("A") },
    );
    expect(await first).toEqual({ ok: true, value: reply("A") });
    expect(await second).toEqual({ ok: false, error: { code: "noLeader", args: [] } });
  });

  it("asks everything in flight once more after a reset, marked so that no write is done twice", async () => {
    const { world, backend } = await connected();
    const read = backend.call("KVS.Get", {
      key: "a",
      options: { ...options, minIndex: 5, waitMillis: 60_000 },
    });
    const write = backend.call("Catalog.Deregister", {
      deregistration: { Datacenter: "", Node: "x", ServiceID: "", CheckID: "" },
      token: "",
    });
    await world.settle();
    world.socket.say({ t: "reset" });
    await world.settle();
    const asked = world.socket.requests("KVS.Get");
    expect(asked.length).toBe(2);
    expect(asked[1]).toEqual({ ...asked[0], again: true });
    const written = world.socket.requests("Catalog.Deregister");
    expect(written[1]).toEqual({ ...written[0], again: true });
    world.socket.say({ t: "reply", id: written[0]?.t === "request" ? written[0].id : 0, value: true });
    expect(await write).toEqual({ ok: true, value: true });
    world.socket.say({ t: "reply", id: asked[1]?.t === "request" ? asked[1].id : 0, value: reply("new") });
    expect(await read).toEqual({ ok: true, value: reply("new") });
  });

  it("says hello again when a reset asks for it", async () => {
    const { world } = await connected();
    const hellos = () => world.socket.messages.filter((message) => message.t === "hello").length;
    const before = hellos();
    world.socket.say({ t: "reset" });
    await world.settle();
    expect(hellos()).toBe(before);
    world.socket.say({ t: "reset", hello: true });
    await world.settle();
    expect(hellos()).toBe(before + 1);
  });

  it("fails a write in flight when the socket closes, and carries a waiting read over to the next socket", async () => {
    const { world, backend } = await connected();
    const write = backend.call("KVS.Apply", { operation: { verb: "delete", key: "a" }, token: "" });
    const read = backend.call("KVS.Get", { key: "a", options });
    await world.settle();
    world.socket.events.closed("1006");
    expect(await write).toMatchObject({ ok: false, error: { code: "leadershipLost" } });
    await world.advance(1_000);
    expect(world.sockets.length).toBe(2);
    world.socket.welcome();
    await world.settle();
    const asked = world.socket.requests("KVS.Get")[0];
    world.socket.say({ t: "reply", id: asked?.t === "request" ? asked.id : 0, value: reply(1) });
    expect(await read).toEqual({ ok: true, value: reply(1) });
  });

  it("holds a request for seven seconds without a link, then says that no server is reachable", async () => {
    const { world, link, backend } = aScene();
    link.start();
    let settled = false;
    const read = backend.call("KVS.Get", { key: "a", options }).finally(() => {
      settled = true;
    });
    await world.advance(6_900);
    expect(settled).toBe(false);
    await world.advance(200);
    expect(await read).toMatchObject({ ok: false, error: { code: "noServers" } });
  });

  it("sends a request that was held as soon as a server is there", async () => {
    const { world, link, backend } = aScene();
    link.start();
    const read = backend.call("KVS.Get", { key: "a", options });
    await world.advance(3_000);
    world.socket.welcome();
    await world.settle();
    const asked = world.socket.requests()[0];
    world.socket.say({ t: "reply", id: asked?.t === "request" ? asked.id : 0, value: reply(1) });
    expect((await read).ok).toBe(true);
  });

  it("pings a quiet link and gives up one that does not answer", async () => {
    const { world, link } = await connected();
    await world.advance(25_000);
    expect(world.socket.frames.at(-1)).toBe("ping");
    await world.advance(10_000);
    expect(link.status().up).toBe(true);
    world.socket.answersPings = false;
    await world.advance(25_000);
    expect(world.sockets[0]?.closed).toBe(true);
    expect(link.status().up).toBe(false);
  });

  it("waits longer after each failure and goes round the edge URLs", async () => {
    const { world, link } = aScene(["http://a", "http://b"]);
    link.start();
    const times: number[] = [];
    for (let i = 0; i < 4; i++) {
      times.push(world.now);
      const count = world.sockets.length;
      world.socket.events.closed("refused");
      while (world.sockets.length === count) await world.advance(50);
    }
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(gaps[2]).toBeGreaterThan((gaps[0] ?? 0) * 2);
    expect(new Set(world.sockets.map((socket) => socket.url)).size).toBe(2);
  });

  it("refuses a server of another datacenter", async () => {
    const { world, link } = aScene();
    link.start();
    world.socket.events.opened();
    world.socket.say({ t: "welcome", version: 1, datacenter: "dc2", server: "s" });
    expect(link.status().reason).toContain('"dc2"');
  });

  it("takes back a read whose caller went away, but never a write", async () => {
    const { world, backend } = await connected();
    const aborts: (() => void)[] = [];
    const cancellation = { aborted: false, onAbort: (callback: () => void) => void aborts.push(callback) };
    const read = backend.call("KVS.Get", { key: "a", options }, cancellation);
    void backend.call("KVS.Apply", { operation: { verb: "delete", key: "a" }, token: "" }, cancellation);
    await world.settle();
    for (const abort of aborts) abort();
    expect((await read).ok).toBe(false);
    await world.settle();
    expect(world.socket.messages.filter((message) => message.t === "cancel").length).toBe(1);
  });

  it("says goodbye and waits until the server has taken it", async () => {
    const { world, link } = await connected();
    let left = false;
    const leaving = link.goodbye().then(() => {
      left = true;
    });
    await world.settle();
    expect(world.socket.messages.at(-1)).toEqual({ t: "goodbye" });
    expect(left).toBe(false);
    world.socket.events.closed("bye");
    await leaving;
    await world.advance(60_000);
    expect(world.sockets.length).toBe(1);
  });

  it("of an agent that gossips goes where gossip says, and fails at once while nobody is known", async () => {
    const world = new VirtualWorld();
    const urls: string[] = [];
    const link = createLink(
      { ...common, asConsul: true, urls: () => urls, hello: () => linkHello(aConfig()) },
      world.ports,
    );
    const backend = createBackend(link, world.ports);
    link.start();
    const none = backend.call("Status.Leader", {});
    await world.settle();
    expect(await none).toEqual({ ok: false, error: { code: "noKnownServers", args: [] } });
    urls.push("http://10.0.0.1:8300");
    link.serversChanged();
    world.socket.welcome();
    const refused = backend.call("KVS.Get", { key: "a", options });
    await world.settle();
    const [asked] = world.socket.requests();
    const id = asked?.t === "request" ? asked.id : 0;
    world.socket.events.frame(JSON.stringify([{ t: "error", id, error: { code: "noLeader", args: [] } }]));
    const answer = await refused;
    expect(answer.ok ? "" : errorMessage(answer.error)).toBe("rpc error making call: No cluster leader");
    urls[0] = "http://10.0.0.2:8300";
    link.serversChanged();
    expect(link.status()).toMatchObject({ up: false, reason: "the server is gone" });
    await world.advance(250);
    expect(world.socket.url).toBe("ws://10.0.0.2:8300/v1/link?node=n1");
  });
});
