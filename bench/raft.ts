// `npm run bench:raft [-- --seconds N]`: commits a second and their latency at 1, 32 and 256 writers for one server and
// three, in Node (on disk, peers over port 8300's protocol) and in workerd (over HTTP); rows written for each write; and
// what it costs to wake three objects that sleep.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createServerDirectory } from "../agent/rpc/server-directory.ts";
import { startLocalEdge } from "../agent/runtime/local-edge.ts";
import { openServerHost, type ServerHost } from "../agent/runtime/server-host/server-host.ts";
import type { Backend } from "../shared/rpc/backend.ts";
import { aConfig } from "../test/agent/rpc/virtual-world.ts";
import { aKnownServer, anOwnServer } from "../test/support/known-servers.ts";
import { freePort } from "../test/support/legate-process.ts";
import { MemoryCluster } from "../test/support/memory-cluster.ts";
import { figure, median, table } from "./support/statistics.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "3" } } });
const millis = Number(values.seconds) * 1_000;
const writerCounts = [1, 32, 256];
/** Never the same twice: a write that changes nothing costs nothing. */
const textOf = (n: number) => `${n} `.padEnd(100, "x");

/** Goes on from run to run. */
let writes = 0;

type Write = (n: number) => Promise<boolean>;
type Run = { readonly perSecond: number; readonly p50: number; readonly p99: number };

function kvRequest(n: number) {
  const value = Buffer.from(textOf(n)).toString("base64");
  const operation = { verb: "set", key: `bench/${n % 1_000}`, value, flags: "0" as never } as const;
  return { token: "", operation };
}

/** So many writers, each with its next write as soon as the last is answered; the first fifth does not count. */
async function measure(writers: number, write: Write): Promise<Run> {
  const latencies: number[] = [];
  const begun = performance.now();
  const warm = begun + millis / 5;
  const until = warm + millis;
  await Promise.all(
    Array.from({ length: writers }, async () => {
      for (let now = performance.now(); now < until; now = performance.now()) {
        const isWritten = await write(writes++);
        if (!isWritten) await new Promise((resolve) => setTimeout(resolve, 5));
        else if (now >= warm) latencies.push(performance.now() - now);
      }
    }),
  );
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { perSecond: latencies.length / (millis / 1_000), p50: at(0.5), p99: at(0.99) };
}

const uuid = (n: number) => `0000000${n}-0000-4000-8000-000000000000`;

/** Servers of this process, each with its database on disk and its port; the leader's backend. */
async function nodeServers(size: number, directory: string): Promise<{ leader: Backend; stop(): void }> {
  const ports = await Promise.all(Array.from({ length: size }, () => freePort()));
  const known = ports.map((port, n) =>
    aKnownServer(uuid(n), { name: `server-${n}`, port, bootstrapExpect: size > 1 ? size : 0 }),
  );
  const hosts: ServerHost[] = [];
  for (const [n, port] of ports.entries()) {
    const ownServer = anOwnServer({ bootstrap: size === 1, bootstrapExpect: size > 1 ? size : 0, port });
    const opened = openServerHost({
      config: aConfig({
        nodeId: uuid(n),
        nodeName: `server-${n}`,
        dataDir: join(directory, String(n)),
        ownServer,
      }),
      directory: createServerDirectory(known),
      secrets: () => [],
      log: (level, message, fields) => (level === "error" ? console.error(message, fields) : undefined),
      crashed: (why) => {
        throw new Error(why);
      },
    });
    if (!opened.ok) throw new Error(opened.error);
    await opened.value.listen();
    opened.value.start();
    hosts.push(opened.value);
  }
  for (;;) {
    for (const { backend } of hosts) {
      const raft = await backend.call("Status.Raft", {});
      if (raft.ok && raft.value.state === "Leader" && (await backend.call("KVS.Apply", kvRequest(0))).ok) {
        return { leader: backend, stop: () => stopAll(hosts) };
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function stopAll(hosts: readonly ServerHost[]): void {
  for (const host of hosts) host.stop();
}

async function benchNode(size: number): Promise<Run[]> {
  const directory = mkdtempSync(join(tmpdir(), "legate-raft-"));
  const { leader, stop } = await nodeServers(size, directory);
  const runs: Run[] = [];
  for (const writers of writerCounts) {
    runs.push(await measure(writers, async (n) => (await leader.call("KVS.Apply", kvRequest(n))).ok));
  }
  stop();
  await new Promise((resolve) => setTimeout(resolve, 100));
  rmSync(directory, { recursive: true, force: true });
  return runs;
}

/** Also counts the rows that each write costs, by the runtime's own counter, and wakes three sleeping objects, ten times. */
async function benchEdge(
  size: number,
): Promise<{ readonly runs: Run[]; readonly rows: number[]; readonly waking: number }> {
  const directory = mkdtempSync(join(tmpdir(), "legate-raft-"));
  const edge = await startLocalEdge({
    dataDir: directory,
    port: 0,
    servers: size,
    testHooks: true,
    logLevel: "error",
    log: () => {},
  });
  const write: Write = async (n) => {
    const headers = { "X-Consul-Token": edge.secret };
    const url = `${edge.url}/v1/kv/bench/${n % 1_000}`;
    const answer = await fetch(url, { method: "PUT", headers, body: textOf(n) }).catch(() => null);
    return answer?.ok === true && (await answer.text()).trim() === "true";
  };
  while (!(await write(0))) await new Promise((resolve) => setTimeout(resolve, 100));
  const runs: Run[] = [];
  const rows: number[] = [];
  const allRows = async () => {
    const servers = Array.from({ length: size }, (_, n) => edge.rowsWritten(`server-${n + 1}`));
    return (await Promise.all(servers)).reduce((sum, one) => sum + one, 0);
  };
  for (const writers of writerCounts) {
    let written = 0;
    const before = await allRows();
    runs.push(await measure(writers, async (n) => (await write(n)) && ++written > 0));
    rows.push(((await allRows()) - before) / (written * size));
  }
  const wakes: number[] = [];
  for (let n = 0; n < 10 && size === 3; n++) {
    await new Promise((resolve) => setTimeout(resolve, 2_500)); // drowsy after two seconds of quiet
    for (let server = 1; server <= size; server++) await edge.evict(`server-${server}`);
    const from = performance.now();
    await write(n);
    wakes.push(performance.now() - from);
  }
  await edge.stop();
  rmSync(directory, { recursive: true, force: true });
  return { runs, rows, waking: median(wakes) };
}

/** Table rows for each write and server, of raft and of the state, with so many writes in each turn. */
async function rowsPerWrite(size: number, writers: number): Promise<number> {
  const cluster = new MemoryCluster(size);
  const leader = await cluster.leader();
  await cluster.time.advance(5_000);
  const rows = () => cluster.hosts.reduce((sum, { sql }) => sum + sql.rowsWritten(), 0);
  const before = rows();
  const turns = 20;
  for (let turn = 0; turn < turns; turn++) {
    for (let n = 0; n < writers; n++) {
      void cluster.server(leader).backend.call("KVS.Apply", kvRequest(turn * writers + n));
    }
    await cluster.time.advance(100);
  }
  return (rows() - before) / (turns * writers * size);
}

const lines: string[][] = [
  ["", ...writerCounts.map((writers) => `${writers} writers: commits/s, p50, p99 ms`)],
];
const shown = (name: string, runs: readonly Run[]) =>
  lines.push([name, ...runs.map(({ perSecond, p50, p99 }) => [perSecond, p50, p99].map(figure).join(", "))]);
shown("Node, 1 server", await benchNode(1));
shown("Node, 3 servers", await benchNode(3));
const one = await benchEdge(1);
shown("workerd, 1 server", one.runs);
const three = await benchEdge(3);
shown("workerd, 3 servers", three.runs);
for (const size of [1, 3]) {
  const rows = await Promise.all(writerCounts.map((writers) => rowsPerWrite(size, writers)));
  lines.push([`rows a write and server, ${size}`, ...rows.map(figure)]);
}
lines.push(["rows that workerd counts, 1", ...one.rows.map(figure)]);
lines.push(["rows that workerd counts, 3", ...three.rows.map(figure)]);
console.log(table(lines));
console.log(`\nA write through three evicted objects: ${figure(three.waking)} ms (median of ten)`);
process.exit(0);
