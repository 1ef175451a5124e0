import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { createTar } from "nanotar";
import { describe, expect, it } from "vitest";
import { compression } from "../../../../agent/runtime/compression.ts";
import { type ApiContext, type HttpReply, isStreamBody } from "../../../../shared/api/http.ts";
import { createRouter } from "../../../../shared/api/router.ts";
import { snapshotRoutes } from "../../../../shared/api/routes/snapshot.ts";
import type { DoorRequest } from "../../../../shared/api/door.ts";
import { ok } from "../../../../shared/base/result.ts";
import { MemoryCluster } from "../../../support/memory-cluster.ts";
import { watch } from "../../../support/virtual-time.ts";
import { doorRequest } from "../../../support/door-request.ts";

const router = createRouter(snapshotRoutes);
const cluster = new MemoryCluster();

function contextOf(id: string): ApiContext {
  const { backend } = cluster.server(id);
  return { backend, datacenter: "dc1", defaultToken: "", alwaysPretty: false, compression };
}

async function during<T>(work: Promise<T>): Promise<T> {
  const watched = watch(work);
  for (let turn = 0; turn < 400 && watched.value === undefined; turn++) {
    await cluster.time.advance(10);
    await new Promise<void>((resolve) => setTimeout(resolve, 1)); // gzip works outside of virtual time
  }
  return work;
}

async function save(id: string): Promise<Uint8Array> {
  const reply = await during(Promise.resolve(router.handle(doorRequest("GET /v1/snapshot"), contextOf(id))));
  const { body } = reply;
  if (!isStreamBody(body)) throw new Error(String(body));
  const pieces: Uint8Array[] = [];
  const never = { aborted: false, onAbort: () => {} };
  await during(body.stream(async (piece) => void pieces.push(piece as Uint8Array), never));
  return Buffer.concat(pieces);
}

function restore(id: string, bytes: Uint8Array): Promise<HttpReply> {
  const door: DoorRequest = { ...doorRequest("PUT /v1/snapshot"), body: async () => ok(bytes) };
  return during(Promise.resolve(router.handle(door, contextOf(id))));
}

async function put(key: string, value: string): Promise<void> {
  const leader = await cluster.leader();
  const operation = { verb: "set", key, value, flags: "0" as never } as const;
  const written = await during(
    cluster.server(leader).backend.call("KVS.Apply", { token: "", operation, datacenter: "" }),
  );
  expect(written.ok).toBe(true);
}

async function keys(id: string): Promise<readonly string[]> {
  const options = { datacenter: "", token: "", consistency: "stale", minIndex: 0, waitMillis: 0 } as const;
  const found = await cluster.server(id).backend.call("KVS.List", { prefix: "", options });
  return found.ok ? found.value.value.map((entry) => `${entry.Key}=${entry.Value}`) : [];
}

describe("/v1/snapshot", () => {
  it("brings the old state back on every server, asked of any, and goes on from there", async () => {
    await cluster.leader();
    await put("a", "b25l");
    const saved = await save("server-2");
    await put("a", "dHdv");
    await put("b", "dGhyZWU=");
    expect(await restore("server-3", saved)).toMatchObject({ status: 200, body: null });
    await cluster.time.advance(1_000);
    for (const { id } of cluster.hosts) expect(await keys(id)).toEqual(["a=b25l"]);
    await put("c", "YQ==");
    expect(await keys(await cluster.leader())).toEqual(["a=b25l", "c=YQ=="]);
  });

  it("changes nothing for a file that is cut, junk, foreign or Consul's own", async () => {
    const before = await keys("server-1");
    const saved = await save("server-1");
    const foreign = (state: string) => {
      const meta = '{"Version":1,"ID":"2-2-2","Index":2,"Term":2}';
      const data = new TextEncoder();
      const sum = (text: string, name: string) => `${bytesToHex(sha256(data.encode(text)))}  ${name}\n`;
      const sums = sum(meta, "meta.json") + sum(state, "state.bin");
      const tar = createTar([
        { name: "meta.json", data: meta },
        { name: "state.bin", data: state },
        { name: "SHA256SUMS", data: sums },
      ]);
      return packed(tar);
    };
    const texts = [
      [
        saved.slice(0, saved.length / 2),
        "failed to read snapshot file: failed to read or write snapshot data: unexpected EOF",
      ],
      [new TextEncoder().encode("not a snapshot"), "failed to decompress snapshot: gzip: invalid header"],
      [new Uint8Array(0), "failed to decompress snapshot: EOF"],
      [await foreign("\u0081\u00a9LastIndex"), /Consul's own servers/],
      [await foreign('{"format":"legate-state","version":99}\n'), /newer release/],
      [await foreign('{"format":"legate-state","version":1}\n{"table":"nope"}\n'), /newer release/],
      [
        await foreign('{"format":"legate-state","version":1}\n{"table":"kv","columns":["key"],"rows":[]}\n'),
        /version/,
      ],
    ] as const;
    for (const [bytes, text] of texts) {
      const reply = await restore("server-1", bytes);
      expect([reply.status, reply.body]).toEqual([
        500,
        typeof text === "string" ? text : (expect.stringMatching(text) as string),
      ]);
      expect(await keys("server-1")).toEqual(before);
    }
  });

  it("says so at a door without gzip, and of another datacenter", async () => {
    const { compression: _, ...bare } = contextOf("server-1");
    expect((await router.handle(doorRequest("GET /v1/snapshot"), bare)).status).toBe(501);
    const reply = await during(
      Promise.resolve(router.handle(doorRequest("GET /v1/snapshot?dc=nope"), contextOf("server-1"))),
    );
    expect(reply).toMatchObject({ status: 500, body: "No path to datacenter" });
  });
});

/** Packs with the runtime's gzip. */
async function packed(tar: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  async function* only(): AsyncGenerator<Uint8Array> {
    yield tar;
  }
  for await (const piece of compression.gzip(only())) pieces.push(piece);
  return Buffer.concat(pieces);
}
