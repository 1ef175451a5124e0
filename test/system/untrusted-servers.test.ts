// Servers as processes that must not be believed: with a disk that they cannot trust themselves, and of another cluster.

import { copyFileSync, cpSync, readdirSync, readFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, freePort, type Running, scratch, startLegate } from "../support/legate-process.ts";
import { ServerTrio } from "../support/server-trio.ts";

const directory = scratch("untrusted");
const running: Running[] = [];
afterAll(async () => {
  await Promise.all(running.map((one) => one.stop("SIGKILL")));
  directory.remove();
});

type Up = { readonly agent: Running; readonly base: string; readonly lan: number };

async function start(dataDir: string, host: string, name: string, ...more: string[]): Promise<Up> {
  const [http, server, lan] = [await freePort(host), await freePort(host), await freePort(host)];
  const agent = startLegate([
    ...["agent", "-server", "-bootstrap-expect=1", `-data-dir=${dataDir}`, `-node=${name}`],
    ...[`-bind=${host}`, `-client=${host}`, `-http-port=${http}`, "-dns-port=-1", "-serf-wan-port=-1"],
    ...[`-server-port=${server}`, `-serf-lan-port=${lan}`, ...more],
  ]);
  running.push(agent);
  return { agent, base: `http://${host}:${http}`, lan };
}

async function put({ base }: Up, key: string, body: string): Promise<boolean> {
  const answer = await fetch(`${base}/v1/kv/${key}`, { method: "PUT", body }).catch(() => null);
  return (await answer?.text())?.trim() === "true";
}

const databaseOf = (dataDir: string) => join(dataDir, "server/server.sqlite");

function damage(dataDir: string, statement: string): void {
  const database = new DatabaseSync(databaseOf(dataDir));
  expect(Number(database.prepare(statement).run().changes), statement).toBeGreaterThan(0);
  database.close();
}

/** Everything in the directory, to the bit. */
const contentsOf = (dataDir: string): string =>
  readdirSync(join(dataDir, "server"))
    .filter((name) => !name.endsWith("-shm"))
    .map((name) => `${name} ${readFileSync(join(dataDir, "server", name)).toString("base64")}`)
    .join("\n");

describe("a server that cannot trust its disk", () => {
  const healthy = join(directory.path, "healthy");

  beforeAll(async () => {
    const one = await start(healthy, "127.0.6.1", "n1");
    for (let n = 0; n < 60; n++) {
      await eventually("a write", 20_000, async () =>
        (await put(one, `k${n}`, "x".repeat(2_000))) ? true : undefined,
      );
    }
    await one.agent.stop("SIGTERM");
    const database = new DatabaseSync(databaseOf(healthy));
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  }, 60_000);

  const log = "WHERE first_index = (SELECT first_index FROM raft_log LIMIT 1 OFFSET 9)";
  const cases: readonly (readonly [string, (dataDir: string) => void, readonly string[]])[] = [
    [
      "a log row that is cut",
      (dir) => damage(dir, `UPDATE raft_log SET entries = substr(entries, 1, 50) ${log}`),
      ["cannot be trusted, so it neither votes nor answers", "can be read", "remove-peer"],
    ],
    [
      "a value in a log row that has changed",
      (dir) => damage(dir, `UPDATE raft_log SET entries = replace(entries, 'eHh4eHh4', 'eHh4eHh5') ${log}`),
      ["cannot be trusted, so it neither votes nor answers", "as it was written", "remove-peer"],
    ],
    [
      "a log row that is gone",
      (dir) => damage(dir, `DELETE FROM raft_log ${log}`),
      ["cannot be trusted, so it neither votes nor answers", "the log's rows hold", "remove-peer"],
    ],
    [
      "no term",
      (dir) => damage(dir, "UPDATE raft_hard SET term = 'x'"),
      ["cannot be trusted, so it neither votes nor answers", "remove-peer"],
    ],
    [
      "a database of which half is missing",
      (dir) => truncateSync(databaseOf(dir), Math.floor(statSync(databaseOf(dir)).size / 8_192) * 4_096),
      ["is damaged", "remove-peer"],
    ],
    [
      "a database of a newer release",
      (dir) => damage(dir, "UPDATE storage_version SET version = 99"),
      ["written by a newer release (form 99", "start the newer release again"],
    ],
  ];

  for (const [what, hurt, texts] of cases) {
    it(`does not start with ${what}, says what to do in one line, and leaves all as it is`, async () => {
      const dataDir = join(directory.path, what.replaceAll(" ", "-"));
      cpSync(healthy, dataDir, { recursive: true });
      hurt(dataDir);
      const before = contentsOf(dataDir);
      const { agent } = await start(dataDir, "127.0.6.1", "n1");
      expect(await new Promise((resolve) => agent.child.once("exit", resolve))).toBe(1);
      const lines = agent.output().split("\n");
      const said = lines.find((line) => line.startsWith("==> Legate could not start:")) ?? agent.output();
      for (const part of texts) expect(said).toContain(part);
      expect(contentsOf(dataDir)).toBe(before);
    }, 30_000);
  }

  it("starts as before when nothing is wrong", async () => {
    const one = await start(healthy, "127.0.6.1", "n1");
    const kept = await eventually("a read", 20_000, async () => {
      const answer = await fetch(`${one.base}/v1/kv/k59?raw`).catch(() => null);
      return answer?.status === 200 ? answer.text() : undefined;
    });
    expect(kept).toBe("x".repeat(2_000));
    await one.agent.stop("SIGKILL");
  }, 30_000);

  it("has no vote: one of three that cannot start leaves the other two a majority, and one of them none", async () => {
    const trio = await ServerTrio.start();
    try {
      const leader = await trio.leader();
      const [rotten, other] = trio.servers.filter((one) => one !== leader);
      if (rotten === undefined || other === undefined) throw new Error("three servers run");
      expect((await trio.ask(leader, "PUT", "/v1/kv/a", 10_000, "1"))?.text.trim()).toBe("true");
      await trio.kill(rotten);
      const file = trio.databaseOf(rotten);
      const database = new DatabaseSync(file);
      database.exec(
        "UPDATE raft_log SET entries = '[' WHERE first_index = (SELECT min(first_index) FROM raft_log)",
      );
      database.close();
      copyFileSync(file, `${file}.rotten`);
      trio.launch(rotten);
      const { running: process } = rotten;
      expect(await new Promise((resolve) => process?.child.once("exit", resolve))).toBe(1);
      expect(process?.output()).toContain("neither votes nor answers");
      rotten.running = null;
      expect((await trio.ask(leader, "PUT", "/v1/kv/a", 10_000, "2"))?.text.trim()).toBe("true");
      await trio.kill(leader);
      trio.launch(rotten);
      const refused = await trio.ask(other, "PUT", "/v1/kv/a", 15_000, "3");
      expect(refused).toEqual({ status: 500, text: "No cluster leader" });
    } finally {
      await trio.stop();
    }
  }, 90_000);
});

describe("a server of another cluster", () => {
  it("is not added by one that leads alone, as Consul has it", async () => {
    const a = await start(join(directory.path, "a"), "127.0.6.2", "a1");
    const b = await start(join(directory.path, "b"), "127.0.6.3", "b1");
    for (const one of [a, b]) {
      await eventually("a write", 20_000, async () => ((await put(one, "own", "x")) ? true : undefined));
    }
    const joined = await fetch(`${b.base}/v1/agent/join/127.0.6.2:${a.lan}`, { method: "PUT" });
    expect(joined.status).toBe(200);
    await eventually("the log says so", 20_000, () =>
      a.agent.output().includes("b1 is in bootstrap mode and so is this server") ? true : undefined,
    );
    await Promise.all([a, b].map(({ agent }) => agent.stop("SIGKILL")));
  }, 60_000);

  it("is not heard when it joins the same gossip as three, and both keep what they have", async () => {
    const trio = await ServerTrio.start();
    const alone = await start(join(directory.path, "alone"), "127.0.6.4", "alone");
    try {
      await eventually("a write", 20_000, async () =>
        (await put(alone, "own", "alone")) ? true : undefined,
      );
      const leader = await trio.leader();
      expect((await trio.ask(leader, "PUT", "/v1/kv/own", 10_000, "trio"))?.text.trim()).toBe("true");
      const at = `${leader.base.slice(7).split(":")[0]}:${trio.gossipPort}`;
      expect((await fetch(`${alone.base}/v1/agent/join/${at}`, { method: "PUT" })).status).toBe(200);
      const said = "a server of another cluster speaks to this one and is not heard";
      await eventually("it says so", 30_000, () => (alone.agent.output().includes(said) ? true : undefined));
      await eventually("they say so", 30_000, () =>
        trio.servers.some(({ running: one }) => one?.output().includes(said)) ? true : undefined,
      );
      expect(await put(alone, "more", "alone")).toBe(true);
      expect((await trio.ask(leader, "PUT", "/v1/kv/other", 10_000, "trio"))?.text.trim()).toBe("true");
      expect(await (await fetch(`${alone.base}/v1/kv/own?raw`)).text()).toBe("alone");
      expect(await trio.text(leader, "/v1/kv/own?raw&consistent")).toBe("trio");
      expect((await trio.ask(leader, "GET", "/v1/kv/more?consistent", 10_000))?.status).toBe(404);
    } finally {
      await trio.stop();
    }
  }, 120_000);
});
