// The local edge as a process: the secret and the data stay, ports and orphans are taken care of.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { startLocalEdge } from "../../agent/runtime/local-edge.ts";
import { eventually, freePort, repository, scratch } from "../support/legate-process.ts";

const place = scratch("edge-life");
const log = () => undefined;
afterAll(() => place.remove());

function isAlive(pid: number): boolean {
  try {
    // A zombie still has a process id, but no command line.
    return readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "";
  } catch {
    return false;
  }
}

describe("the local edge", () => {
  it("makes its secret once and keeps it to its owner", async () => {
    const dataDir = join(place.path, "secret");
    const first = await startLocalEdge({ dataDir, port: 0, log });
    await first.stop();
    const second = await startLocalEdge({ dataDir, port: 0, log });
    await second.stop();
    expect(second.secret).toBe(first.secret);
    expect(statSync(join(dataDir, "management-secret")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dataDir, "edge/workerd.capnp"), "utf8")).not.toContain(first.secret);
  });

  it("ends its workerd within two seconds, with a link open", async () => {
    const edge = await startLocalEdge({ dataDir: join(place.path, "stop"), port: 0, log });
    const pid = edge.workerdPid ?? 0;
    const socket = new WebSocket(`${edge.url.replace("http", "ws")}/v1/link?node=n1&token=${edge.secret}`);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    const start = Date.now();
    await edge.stop();
    expect(Date.now() - start).toBeLessThan(2_000);
    expect(isAlive(pid)).toBe(false);
  });

  it("says in one line that its port is taken", async () => {
    const other = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    const start = startLocalEdge({ dataDir: join(place.path, "taken"), port, log });
    await expect(start).rejects.toThrow(/^127\.0\.0\.1:\d+ is already in use: [^\n]+$/);
    other.close();
  });

  it("says in one line that its directory cannot be used", async () => {
    const start = startLocalEdge({ dataDir: "/dev/null/legate", port: 0, log });
    await expect(start).rejects.toThrow(
      /^the data directory \/dev\/null\/legate is not a directory: [^\n]+$/,
    );
  });

  it("takes in further servers and gives them up again, as listed, and keeps what was written", async () => {
    const dataDir = join(place.path, "grown");
    const ask = async (edge: { url: string; secret: string }, path: string, init: RequestInit = {}) =>
      (await fetch(edge.url + path, { ...init, headers: { "X-Consul-Token": edge.secret } })).text();
    const one = await startLocalEdge({ dataDir, port: 0, servers: 1, log });
    await eventually("a write", 20_000, async () => {
      const written = await ask(one, "/v1/kv/kept", { method: "PUT", body: "there" });
      return written.trim() === "true" ? true : undefined;
    });
    await one.stop();
    const three = await startLocalEdge({ dataDir, port: 0, servers: 3, log });
    // Longer than an election would take; who belongs to no group may say so, but nobody says that the key is not there.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const answers = await Promise.all(["a", "b", "c", "d"].map(() => ask(three, "/v1/kv/kept?raw")));
    for (const answer of answers) expect(["there", "No cluster leader"]).toContain(answer);
    const peersOf = async (edge: { url: string; secret: string }, count: number) =>
      eventually(`${count} voters`, 60_000, async () => {
        const text = await ask(edge, "/v1/operator/raft/configuration");
        const all = text.startsWith("{") ? (JSON.parse(text).Servers as { Voter: boolean }[]) : [];
        return all.length === count && all.every(({ Voter }) => Voter) ? true : undefined;
      });
    await peersOf(three, 3);
    expect((await ask(three, "/v1/kv/later", { method: "PUT", body: "three" })).trim()).toBe("true");
    await three.stop();
    const alone = await startLocalEdge({ dataDir, port: 0, servers: 1, log });
    await peersOf(alone, 1);
    for (const [key, value] of Object.entries({ kept: "there", later: "three" })) {
      await eventually(key, 20_000, async () =>
        (await ask(alone, `/v1/kv/${key}?raw&consistent`)) === value ? true : undefined,
      );
    }
    expect(await ask(alone, "/v1/operator/raft/configuration")).not.toContain("server-2");
    await alone.stop();
  }, 180_000);

  it("refuses a data directory that another Legate uses", async () => {
    const dataDir = join(place.path, "shared");
    const edge = await startLocalEdge({ dataDir, port: 0, log });
    await expect(startLocalEdge({ dataDir, port: 0, log })).rejects.toThrow(/another Legate/);
    await edge.stop();
  });

  it("takes workerd with it when the process is killed, and starts again on the same data", async () => {
    const dataDir = join(place.path, "orphan");
    const pid = await new Promise<number>((resolve) => {
      const child: ChildProcess = spawn(
        process.execPath,
        [
          "--input-type=module",
          "-e",
          `import { startLocalEdge } from ${JSON.stringify(join(repository, "agent/runtime/local-edge.ts"))};
           const edge = await startLocalEdge({ dataDir: ${JSON.stringify(dataDir)}, port: 0, log() {} });
           console.log(edge.workerdPid);`,
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      child.stdout?.once("data", (text) => {
        child.once("exit", () => resolve(Number(text)));
        child.kill("SIGKILL");
      });
    });
    await eventually("workerd is gone", 5_000, () => (isAlive(pid) ? undefined : true));
    const edge = await startLocalEdge({ dataDir, port: 0, log });
    expect(edge.workerdPid).not.toBe(pid);
    await edge.stop();
  });
});
