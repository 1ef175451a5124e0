// Port 8300 on loopback: two servers that know the same secret talk; everybody else is refused with a reason.

import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createHostLinks } from "../../agent/runtime/server-host/agent-links.ts";
import { dialPeer } from "../../agent/runtime/server-host/peer-dial.ts";
import { createHostPeers, type HostPeers } from "../../agent/runtime/server-host/peers.ts";
import { linkToken, type PeerCredentials } from "../../agent/runtime/server-host/peer-proof.ts";
import { listenServerPort, type ServerPort } from "../../agent/runtime/server-host/server-port.ts";
import { ok } from "../../shared/base/result.ts";
import type { RaftMessage, ServerId } from "../../shared/raft/types.ts";
import { eventually } from "../support/legate-process.ts";

const key = Buffer.alloc(32, 7).toString("base64");
const other = Buffer.alloc(32, 8).toString("base64");
const closing: { close(): void }[] = [];
afterEach(() => {
  for (const one of closing.splice(0)) one.close();
});

function credentials(id: string, secrets: readonly string[], datacenter = "dc1"): PeerCredentials {
  return { datacenter, id, secrets: () => secrets };
}

type Dialled = { readonly port: ServerPort; readonly heard: unknown[]; readonly logged: string[] };

async function listen(id: string, secrets: readonly string[]): Promise<Dialled> {
  const heard: unknown[] = [];
  const logged: string[] = [];
  const port = await listenServerPort({
    host: "127.0.0.1",
    port: 0,
    credentials: credentials(id, secrets),
    links: createHostLinks(),
    log: (level, message, fields) => void logged.push(`${level} ${message} ${JSON.stringify(fields)}`),
    handlers: {
      raft(from, messages) {
        heard.push([from, messages]);
        return messages.map((message) => ({ ...message, from: message.to, to: message.from }));
      },
      call: async (from, method, request) => {
        if (method === "Never") return new Promise(() => {});
        return ok({ from, method, request });
      },
      linkOpened: () => void heard.push("link opened"),
      linkFrame: (_link, text) => void heard.push(text),
      linkClosed: () => void heard.push("link closed"),
    },
  });
  closing.push(port);
  return { port, heard, logged };
}

function peersOf(id: string, secrets: readonly string[], address: () => string | null) {
  const events: unknown[] = [];
  const peers = createHostPeers({
    credentials: credentials(id, secrets),
    addressOf: address,
    answered: (peer, messages) => void events.push([peer, messages]),
    unreachable: (peer) => void events.push(`unreachable ${peer}`),
    log: () => {},
  });
  closing.push(peers);
  return { peers, events };
}

const a = "a" as ServerId;
const b = "b" as ServerId;
const stir = (from: ServerId, to: ServerId): RaftMessage => ({ kind: "stir", from, to, term: 1 });

/** The answer of one call, for the many that must not come. */
function call(peers: HostPeers, method = "Status.Peers") {
  return peers.call(b, method as never, { n: 1 });
}

describe("two servers on port 8300", () => {
  for (const secrets of [[], [key]]) {
    it(`exchange raft messages and calls ${secrets.length === 0 ? "without" : "with"} a gossip key`, async () => {
      const { port, heard } = await listen("b", secrets);
      const { peers, events } = peersOf("a", secrets, () => `127.0.0.1:${port.port}`);
      peers.send(b, [stir(a, b)]);
      expect(await call(peers)).toEqual(ok({ from: "a", method: "Status.Peers", request: { n: 1 } }));
      await eventually("the answer of raft", 3_000, () => (events.length > 0 ? true : undefined));
      expect(heard).toEqual([["a", [stir(a, b)]]]);
      expect(events).toEqual([["b", [stir(b, a)]]]);
    });
  }

  it("accept any key that is installed while keys are being changed", async () => {
    const { port } = await listen("b", [key, other]);
    const { peers } = peersOf("a", [other, key], () => `127.0.0.1:${port.port}`);
    expect((await call(peers)).ok).toBe(true);
  });

  it("hear at once that a peer died, and find it again at another address", async () => {
    const first = await listen("b", [key]);
    let address = `127.0.0.1:${first.port.port}`;
    const { peers, events } = peersOf("a", [key], () => address);
    expect((await call(peers)).ok).toBe(true);
    const waiting = call(peers, "Never");
    await eventually("the call is out", 1_000, () => true);
    await new Promise((resolve) => setImmediate(resolve));
    first.port.close();
    expect(await waiting).toMatchObject({ ok: false, error: { code: "timeout" } });
    expect(events).toContain("unreachable b");
    const second = await listen("b", [key]);
    address = `127.0.0.1:${second.port.port}`;
    const again = await eventually("a call that arrives", 5_000, async () => {
      const answer = await call(peers);
      return answer.ok ? answer : undefined;
    });
    expect(again.ok).toBe(true);
  });
});

describe("port 8300 refuses", () => {
  const refusals: readonly [string, PeerCredentials, string][] = [
    ["another key", credentials("a", [other]), "does not know the gossip key"],
    ["no key", credentials("a", []), "this server has a gossip key and that one has none"],
    ["another datacenter", credentials("a", [key], "dc2"), 'this is datacenter "dc1", not "dc2"'],
    ["a server with its own id", credentials("b", [key]), "node ids are unique"],
  ];
  for (const [what, given, reason] of refusals) {
    it(`${what}, and says why on both sides`, async () => {
      const { port, logged, heard } = await listen("b", [key]);
      const dialled = await dialPeer(`127.0.0.1:${port.port}`, "b", given);
      expect(dialled).toMatchObject({ ok: false });
      expect(dialled.ok ? "" : dialled.error).toContain(reason);
      expect(logged.join()).toContain(reason.replaceAll('"', '\\"'));
      expect(heard).toEqual([]);
    });
  }

  it("a server that was meant for another address", async () => {
    const { port } = await listen("b", [key]);
    const dialled = await dialPeer(`127.0.0.1:${port.port}`, "c", credentials("a", [key]));
    expect(dialled).toEqual({ ok: false, error: "this is server b, not c" });
  });

  it("a greeting that is said a second time", async () => {
    const { port } = await listen("b", [key]);
    const address = `127.0.0.1:${port.port}`;
    const { encodeHello, greet } = await import("../../agent/runtime/server-host/peer-proof.ts");
    const page = (await (await fetch(`http://${address}/v1/peer`)).json()) as { challenge: string };
    const header = encodeHello(greet(credentials("a", [key]), "b", page.challenge));
    const tries = [];
    for (let n = 0; n < 2; n++) {
      const socket = new WebSocket(`ws://${address}/v1/peer`, { headers: { "Legate-Peer": header } });
      tries.push(
        await new Promise((resolve) => {
          socket.on("open", () => resolve("open"));
          socket.on("error", (error) => resolve(error.message));
        }),
      );
      socket.terminate();
    }
    expect(tries).toEqual(["open", "Unexpected server response: 401"]);
  });

  it("to believe somebody who answers a server but does not know its key", async () => {
    // A listener without a key, asked by a server that has one.
    const { port } = await listen("b", []);
    const dialled = await dialPeer(`127.0.0.1:${port.port}`, "b", credentials("a", [key]));
    expect(dialled).toMatchObject({ ok: false });
  });

  it("garbage, with a log line, and goes on", async () => {
    const { port, logged } = await listen("b", []);
    for (const bytes of [Buffer.from("SSH-2.0-x\r\n"), Buffer.from([4, 0, 0, 0, 3, 0xff, 0x17])]) {
      const raw = connect(port.port, "127.0.0.1");
      raw.write(bytes);
      await new Promise((resolve) => raw.once("close", resolve));
    }
    expect(logged.join()).toContain("no HTTP");
    expect(logged.join()).toContain("an agent of Consul?");
    expect((await fetch(`http://127.0.0.1:${port.port}/v1/kv/a`)).status).toBe(426);
    const { peers } = peersOf("a", [], () => `127.0.0.1:${port.port}`);
    expect((await call(peers)).ok).toBe(true);
  });

  it("a frame that is none, one of 40 MB, and messages in another's name", async () => {
    const { port, logged, heard } = await listen("b", []);
    const frames = [
      "nonsense",
      JSON.stringify([{ t: "raft", messages: [stir("c" as ServerId, b)] }]),
      `["${"x".repeat(40 << 20)}"]`,
    ];
    for (const frame of frames) {
      const dialled = await dialPeer(`127.0.0.1:${port.port}`, "b", credentials("a", []));
      if (!dialled.ok) throw new Error(dialled.error);
      const closed = new Promise((resolve) => dialled.value.once("close", resolve));
      dialled.value.on("error", () => {});
      dialled.value.send(frame, () => {});
      await closed;
    }
    expect(logged.filter((line) => line.includes("closed a connection"))).toHaveLength(2);
    expect(heard).toEqual([]);
  });

  it("an agent's link without the key, and takes it with one", async () => {
    const { port, heard } = await listen("b", [key]);
    const open = (token: string) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port.port}/v1/link?node=n1`, {
        headers: token === "" ? {} : { Authorization: `Bearer ${token}` },
      });
      return new Promise<string>((resolve) => {
        socket.on("open", () => {
          socket.send("[]");
          socket.send("ping");
        });
        socket.on("message", (data) => {
          resolve(data.toString());
          socket.close();
        });
        socket.on("error", (error) => resolve(error.message));
      });
    };
    expect(await open("")).toContain("403");
    expect(await open(linkToken(other, "dc1"))).toContain("403");
    expect(heard).toEqual([]);
    expect(await open(linkToken(key, "dc1"))).toBe("pong");
    await eventually("the link's end", 1_000, () => (heard.includes("link closed") ? true : undefined));
    expect(heard).toEqual(["link opened", "[]", "link closed"]);
  });
});
