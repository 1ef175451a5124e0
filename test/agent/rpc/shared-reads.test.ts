import { describe, expect, it } from "vitest";
import { linkHello } from "../../../agent/local/node.ts";
import { createBackend } from "../../../agent/rpc/backend.ts";
import { createLink } from "../../../agent/rpc/link.ts";
import { aConfig, VirtualWorld } from "./virtual-world.ts";

const options = {
  datacenter: "",
  token: "",
  consistency: "default",
  minIndex: 5,
  waitMillis: 60_000,
} as const;

async function connected() {
  const world = new VirtualWorld();
  const config = aConfig();
  const link = createLink(
    {
      urls: () => ["http://e"],
      token: () => "t",
      datacenter: "dc1",
      asConsul: false,
      holdMillis: 7_000,
      hello: () => linkHello(config),
    },
    world.ports,
  );
  link.start();
  world.socket.welcome();
  await world.settle();
  return { world, backend: createBackend(link, world.ports) };
}

function aCancellation() {
  const callbacks: (() => void)[] = [];
  return {
    aborted: false,
    onAbort: (callback: () => void) => void callbacks.push(callback),
    abort: () => {
      for (const callback of callbacks) callback();
    },
  };
}

function reply(index: number) {
  return { meta: { index, lastContactMillis: 0, knownLeader: true, consistency: "default" }, value: null };
}

describe("shared blocking reads", () => {
  it("makes one request of two equal callers and answers both", async () => {
    const { world, backend } = await connected();
    const first = backend.call("KVS.Get", { key: "a", options });
    const second = backend.call("KVS.Get", { key: "a", options: { ...options, waitMillis: 10_000 } });
    await world.settle();
    const asked = world.socket.requests();
    expect(asked.length).toBe(1);
    world.socket.say({ t: "reply", id: asked[0]?.t === "request" ? asked[0].id : 0, value: reply(9) });
    expect(await first).toEqual(await second);
  });

  it("keeps the request while one caller stays, and cancels it with the last", async () => {
    const { world, backend } = await connected();
    const leaving = aCancellation();
    const staying = aCancellation();
    void backend.call("KVS.Get", { key: "a", options }, leaving);
    void backend.call("KVS.Get", { key: "a", options }, staying);
    await world.settle();
    leaving.abort();
    await world.settle();
    expect(world.socket.messages.some((message) => message.t === "cancel")).toBe(false);
    staying.abort();
    await world.settle();
    expect(world.socket.messages.at(-1)?.t).toBe("cancel");
  });

  it("answers a time-out itself: the wait is cancelled and the value read once, plainly", async () => {
    const { world, backend } = await connected();
    const waiting = backend.call("KVS.Get", { key: "a", options });
    await world.settle();
    await world.advance(60_000);
    expect(world.socket.requests().length).toBe(1);
    await world.advance(60_000 / 16);
    const [, plain] = world.socket.requests();
    expect(world.socket.messages.some((message) => message.t === "cancel")).toBe(true);
    expect(plain).toMatchObject({ request: { options: { minIndex: 0 } } });
    world.socket.say({ t: "reply", id: plain?.t === "request" ? plain.id : 0, value: reply(5) });
    expect(await waiting).toEqual({ ok: true, value: reply(5) });
  });

  it("does not share reads that wait for different indexes", async () => {
    const { world, backend } = await connected();
    void backend.call("KVS.Get", { key: "a", options });
    void backend.call("KVS.Get", { key: "a", options: { ...options, minIndex: 6 } });
    await world.settle();
    expect(world.socket.requests().length).toBe(2);
  });
});
