// legate lock against a real server in memory on virtual time, with children that the test ends.

import { describe, expect, it } from "vitest";
import { lockCommand } from "../../../agent/cli/commands/lock.ts";
import { mutexFlags } from "../../../agent/cli/lock/mutex.ts";
import { semaphoreFlags } from "../../../agent/cli/lock/semaphore.ts";
import { sessionTtl } from "../../../agent/cli/lock/session.ts";
import type { CliPorts, CliSpawn } from "../../../agent/cli/ports.ts";
import { runCli } from "../../../agent/cli/run.ts";
import { createRouter } from "../../../shared/api/router.ts";
import { routes } from "../../../shared/api/routes/index.ts";
import { ok } from "../../../shared/base/result.ts";
import { doorRequest } from "../../support/door-request.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { registration } from "../../support/state-builders.ts";
import { watch } from "../../support/virtual-time.ts";
import { fakeConfigPorts } from "./fake-ports.ts";

async function world() {
  const cluster = new MemoryCluster(1);
  const { time } = cluster;
  await cluster.leader();
  const { backend } = cluster.server("server-1");
  void backend.call("Catalog.Register", {
    token: "",
    registration: registration("n1", {
      Checks: [{ ...serf, Node: "n1" }],
    }),
  });
  await time.advance(100);
  const router = createRouter(routes);
  const context = { backend, datacenter: "dc1", nodeName: "n1", defaultToken: "", alwaysPretty: false };

  async function http(method: string, path: string, body: string | Uint8Array = "") {
    const reply = await router.handle(doorRequest(`${method} ${path}`, body), context);
    const text = typeof reply.body === "string" ? reply.body : "";
    const headers = Object.fromEntries(
      Object.entries(reply.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return { status: reply.status, text, headers };
  }

  /** Starts one command line; its child ends when told to. */
  function start(...words: string[]) {
    const children: { spawn: CliSpawn; kills: string[]; end(code: number): void }[] = [];
    let out = "";
    let interrupt = (): void => {};
    const ports: CliPorts = {
      program: "legate",
      stdout: (text) => {
        out += String(text);
      },
      stderr: (text) => {
        out += text;
      },
      readFile: () => ok(new Uint8Array()),
      readStdin: async () => new Uint8Array(),
      writeFile: () => ok(undefined),
      writeTree: () => ok(undefined),
      gzip: async (plain) => plain,
      gunzip: async (bytes) => ok(bytes),
      env: {},
      async http(request) {
        const { status, text, headers } = await http(request.method, request.path, request.body ?? "");
        return ok({ status, body: new TextEncoder().encode(text), headers });
      },
      async spawn(spawn) {
        let end: (code: number) => void = () => {};
        const exited = new Promise<number>((resolve) => {
          end = resolve;
        });
        const kills: string[] = [];
        children.push({ spawn, kills, end });
        return ok({
          exited,
          kill(signal) {
            kills.push(signal);
            end(143);
          },
        });
      },
      now: () => time.now,
      after(millis, body) {
        const alarm = time.wake(() => {
          alarm.remove();
          body();
        });
        alarm.port.at(time.now + millis, "timer");
        return alarm.remove;
      },
      onInterrupt(body) {
        interrupt = body;
        return () => {};
      },
      randomBytes: (count) => new Uint8Array(count),
      config: fakeConfigPorts({}),
      runAgent: async () => 0,
    };
    const run = watch(runCli(["lock", ...words], ports));
    return { run, children, out: () => out, interrupt: () => interrupt() };
  }
  const keys = async () => {
    const reply = watch(http("GET", "/v1/kv/?keys"));
    await time.advance(50);
    return reply.value?.text;
  };
  return { cluster, time, start, http, keys };
}

const serf = {
  Node: "",
  CheckID: "serfHealth",
  Name: "",
  Status: "passing",
  Notes: "",
  Output: "",
  ServiceID: "",
  Type: "",
  Definition: {},
};

describe("legate lock", () => {
  it("runs a command under the lock, and leaves nothing behind", async () => {
    const { time, start, http, keys } = await world();
    const first = start("my/lock", "echo", "x");
    await time.advance(500);
    expect(first.children[0]?.spawn).toEqual({
      words: ["echo", "x"],
      shell: true,
      passStdin: false,
      env: { CONSUL_LOCK_HELD: "true" },
    });
    const entry = watch(http("GET", "/v1/kv/my/lock/.lock"));
    const sessions = watch(http("GET", "/v1/session/list"));
    await time.advance(50);
    expect(entry.value?.text).toContain(`"Flags":${mutexFlags},`);
    expect(JSON.parse(sessions.value?.text ?? "")).toMatchObject([
      { Name: "Consul lock for 'echo x' at 'my/lock'", TTL: sessionTtl, Behavior: "release", Node: "n1" },
    ]);
    first.children[0]?.end(0);
    await time.advance(500);
    expect(first.run.value).toBe(0);
    expect(await keys()).toBe("[]");
    const after = watch(http("GET", "/v1/session/list"));
    await time.advance(50);
    expect(after.value?.text).toBe("[]");
  });

  it("lets one after the other have it, however long each takes", async () => {
    const { time, start } = await world();
    const first = start("l", "a");
    await time.advance(500);
    const second = start("l", "b");
    await time.advance(60_000);
    expect([first.children.length, second.children.length]).toEqual([1, 0]);
    first.children[0]?.end(0);
    await time.advance(6_000);
    expect(second.children).toHaveLength(1);
    second.children[0]?.end(3);
    await time.advance(500);
    expect([first.run.value, second.run.value]).toEqual([0, 0]);
    expect(second.out()).toContain("Error running handler: exit status 3");
  });

  it("gives a semaphore to so many", async () => {
    const { time, start, http, keys } = await world();
    const three = [start("-n=2", "s", "a"), start("-n=2", "s", "b"), start("-n=2", "s", "c")];
    await time.advance(3_000);
    const running = () => three.filter((one) => one.children.length > 0);
    expect(running()).toHaveLength(2);
    const lock = watch(http("GET", "/v1/kv/s/.lock"));
    await time.advance(50);
    expect(lock.value?.text).toContain(`"Flags":${semaphoreFlags},`);
    running()[0]?.children[0]?.end(0);
    await time.advance(3_000);
    expect(running()).toHaveLength(3);
    for (const one of three) one.children[0]?.end(0);
    await time.advance(3_000);
    expect(three.map((one) => one.run.value)).toEqual([0, 0, 0]);
    expect(await keys()).toBe("[]");
  });

  it("ends the child when the lock is lost", async () => {
    const { time, start, http } = await world();
    const first = start("l", "a");
    await time.advance(500);
    const sessions = watch(http("GET", "/v1/session/list"));
    await time.advance(50);
    const [{ ID = "" } = {}] = JSON.parse(sessions.value?.text ?? "[]") as { ID?: string }[];
    void http("PUT", `/v1/session/destroy/${ID}`);
    await time.advance(2_000);
    expect(first.children[0]?.kills).toEqual(["SIGTERM"]);
    expect(first.run.value).toBe(1);
    expect(first.out()).toContain("Lock lost, killing child");
  });

  it("gives up after its time, or when it is interrupted", async () => {
    const { time, start } = await world();
    const first = start("-child-exit-code", "l", "a");
    await time.advance(500);
    const late = start("-timeout=2s", "l", "b");
    const tired = start("l", "c");
    await time.advance(1_000);
    tired.interrupt();
    await time.advance(2_000);
    expect([late.run.value, tired.run.value]).toEqual([1, 1]);
    expect(late.out()).toContain("timeout during lock acquisition");
    first.children[0]?.end(7);
    await time.advance(500);
    expect(first.run.value).toBe(2);
  });

  it("refuses what cannot be", async () => {
    expect(lockCommand.asks).toBe("server");
    const { start } = await world();
    const refused = async (...words: string[]) => {
      const { run, out } = start(...words);
      expect(await run.promise).toBe(1);
      return out();
    };
    expect(await refused("only-prefix")).toContain("Key prefix and child command must be specified");
    expect(await refused("-n=0", "p", "c")).toContain("Lock holder limit must be positive");
    expect(await refused("-timeout=x", "p", "c")).toContain("flag -timeout: parse error");
  });
});
