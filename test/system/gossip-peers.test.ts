// One pool of two agents of ours, two Debian serf agents and a client agent of real Consul 1.8.7, on loopback addresses,
// plain and encrypted: everybody sees everybody, and what serf's and our command lines ask of the others works.
// Peers that are not installed are left out, and a line says so.

import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  eventually,
  freePort,
  legate,
  type Running,
  scratch,
  startLegate,
  watch,
} from "../support/legate-process.ts";

const run = promisify(execFile);

function available(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const consul = process.env.CONSUL ?? "/var/tmp/legate-reference/consul/usr/bin/consul";
const hasSerf = available("serf", ["version"]);
const hasConsul = available(consul, ["version"]);
if (!hasSerf) process.stdout.write("skipped: no serf here (apt-get install serf): gossip with real serf\n");
if (!hasConsul)
  process.stdout.write("skipped: no real Consul here (.ci/reference-consul): its part of the pool\n");

const oldKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const newKey = "enp6enp6enp6enp6enp6eg==";

type World = Awaited<ReturnType<typeof startWorld>>;

async function startWorld(encrypt: string, third: number) {
  const dir = scratch("gossip-peers");
  const at = (last: number) => `127.0.${third}.${last}`;
  const [http, lan, wan, server, rpc] = await Promise.all([1, 2, 3, 4, 5].map(() => freePort(at(1))));
  const settings = join(dir.path, "settings.json");
  const ports = { http, dns: -1, serf_lan: lan, serf_wan: wan, server, grpc: -1 };
  writeFileSync(settings, JSON.stringify({ ports, disable_update_check: true }));
  const key = encrypt === "" ? [] : [`-encrypt=${encrypt}`];
  const processes = new Map<string, Running>();
  const hosts = { a: at(1), b: at(2), s1: at(3), s2: at(4), c: at(5) };
  const join1 = `${hosts.a}:${lan}`;

  function common(name: "a" | "b" | "c"): string[] {
    mkdirSync(join(dir.path, name), { recursive: true });
    const host = hosts[name];
    const place = [`-bind=${host}`, `-client=${host}`, `-data-dir=${join(dir.path, name)}`];
    return ["agent", `-node=${name}`, ...place, `-config-file=${settings}`, ...key];
  }
  const world = {
    dir,
    hosts,
    processes,
    names: ["a", "b", "s1", "s2", ...(hasConsul ? ["c"] : [])],
    startOurs(name: "a" | "b") {
      const more = name === "a" ? ["-server", "-bootstrap-expect=1"] : [`-retry-join=${join1}`];
      processes.set(name, startLegate([...common(name), ...more]));
    },
    startSerf(name: "s1" | "s2") {
      const args = [
        "agent",
        `-node=${name}`,
        `-bind=${hosts[name]}:${lan}`,
        `-rpc-addr=${hosts[name]}:${rpc}`,
      ];
      const child = spawn("serf", [...args, `-join=${join1}`, ...key], { stdio: ["ignore", "pipe", "pipe"] });
      processes.set(name, watch(child));
    },
    startConsul() {
      const args = [...common("c"), `-retry-join=${join1}`];
      processes.set("c", watch(spawn(consul, args, { stdio: ["ignore", "pipe", "pipe"] })));
    },
    async get<T>(name: "a" | "b" | "c", path: string): Promise<T> {
      const reply = await fetch(`http://${hosts[name]}:${http}${path}`);
      if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
      return (await reply.json()) as T;
    },
    put: (name: "a" | "b", path: string, body = "") =>
      fetch(`http://${hosts[name]}:${http}${path}`, { method: "PUT", body }),
    async ours(command: string, ...args: string[]): Promise<string> {
      return (await run(legate, [command, `-http-addr=${hosts.a}:${http}`, ...args])).stdout;
    },
    async serf(command: string, ...args: string[]): Promise<string> {
      const { stdout } = await run("serf", [command, `-rpc-addr=${hosts.s1}:${rpc}`, ...args]);
      return stdout;
    },
    /** Names and statuses as this member sees them; null while it cannot be asked. */
    async seenBy(name: string): Promise<Record<string, string> | null> {
      try {
        if (name.startsWith("s")) {
          const host = hosts[name as "s1" | "s2"];
          const { stdout } = await run("serf", ["members", `-rpc-addr=${host}:${rpc}`, "-format=json"]);
          const { members } = JSON.parse(stdout) as { members: { name: string; status: string }[] };
          return Object.fromEntries(members.map((member) => [member.name, member.status]));
        }
        const members = await world.get<{ Name: string; Status: number }[]>(name as "a", "/v1/agent/members");
        const names = ["none", "alive", "leaving", "left", "failed"];
        return Object.fromEntries(members.map((member) => [member.Name, names[member.Status] ?? "?"]));
      } catch {
        return null;
      }
    },
    /** Waits until all of `by` show these statuses. */
    async allSee(by: readonly string[], status: Record<string, string>, limitMillis: number): Promise<void> {
      let last = "";
      const all = eventually(`${by} see ${JSON.stringify(status)}`, limitMillis, async () => {
        for (const name of by) {
          const seen = await world.seenBy(name);
          last = `${name} sees ${JSON.stringify(seen)}`;
          if (seen === null) return undefined;
          for (const [other, expected] of Object.entries(status))
            if (seen[other] !== expected) return undefined;
        }
        return true;
      });
      await all.catch((error: Error) => {
        const said = [...processes].map(([name, { output }]) => `---- ${name}\n${output()}`);
        throw new Error([error.message, last, ...said].join("\n"));
      });
    },
    async stop() {
      await Promise.all([...processes.values()].map((process) => process.stop("SIGKILL")));
      dir.remove();
    },
  };
  return world;
}

const alive = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, "alive"]));

/** An event that gossip did not bring comes with a state exchange, every 30 s. */
const eventMillisMax = 45_000;

/**
 * Asks until the command succeeds and says all of `texts`. A query reaches all of five members with 99.5 % only: each of
 * them passes it on four times, to others drawn at random, in serf as with us. Whoever needs everybody asks again.
 */
function untilAll(texts: readonly string[], ask: () => Promise<string>): Promise<string> {
  return eventually(texts.join(", ") || "it is done everywhere", 30_000, async () => {
    const said = await ask().catch(() => null);
    return said !== null && texts.every((text) => said.includes(text)) ? said : undefined;
  });
}

for (const [kind, encrypt, third] of [
  ["plain", "", 71],
  ["encrypted", oldKey, 72],
] as const) {
  describe.skipIf(!hasSerf)(`a ${kind} pool with real serf and Consul`, () => {
    let world: World;

    beforeAll(async () => {
      world = await startWorld(encrypt, third);
      world.startOurs("a");
      await eventually("our server answers", 15_000, async () => (await world.seenBy("a")) ?? undefined);
    });
    afterAll(() => world.stop());

    it("is seen whole by every member within 5 s of the last one's start", async () => {
      world.startOurs("b");
      await eventually("our client answers", 15_000, async () => (await world.seenBy("b")) ?? undefined);
      world.startSerf("s1");
      world.startSerf("s2");
      if (hasConsul) world.startConsul();
      await eventually("the peers answer", 15_000, async () => {
        const answers = await Promise.all(world.names.map((name) => world.seenBy(name)));
        return answers.includes(null) ? undefined : true;
      });
      await world.allSee(world.names, alive(world.names), 5_000);
    });

    it("carries serf's events and queries to everybody, and everybody answers", {
      timeout: 120_000,
    }, async () => {
      await world.serf("event", "deploy", "v1");
      await eventually(
        "the event at serf",
        eventMillisMax,
        () => /user-event: deploy|deploy/.test(world.processes.get("s2")?.output() ?? "") || undefined,
      );
      const acknowledged = world.names.map((name) => `Ack from '${name}'`);
      await untilAll(acknowledged, () => world.serf("query", "-timeout=2s", "uptime"));
      await untilAll(["Total Acks: 1"], () =>
        world.serf("query", "-timeout=2s", "-tag", "role=^consul$", "uptime"),
      );
      await untilAll(["Ack from 'b'"], () =>
        world.serf("query", "-timeout=2s", "-node", "b", "-relay-factor=2", "uptime"),
      );
      await untilAll(["Successfully contacted all live nodes"], () => world.serf("reachability"));
    });

    it("carries Consul's events between our agents and real Consul", { timeout: 60_000 }, async () => {
      const fired = await world.put("b", "/v1/event/fire/release?node=%5E%5Bac%5D%24", "v2");
      const { ID } = (await fired.json()) as { ID: string };
      for (const name of ["a", ...(hasConsul ? ["c"] : [])] as ("a" | "c")[]) {
        await eventually(`the event at ${name}`, eventMillisMax, async () => {
          const events = await world.get<{ ID: string; Payload: string }[]>(
            name,
            "/v1/event/list?name=release",
          );
          return events.find((event) => event.ID === ID && event.Payload === "djI=") ?? undefined;
        });
      }
      expect(await world.get("b", "/v1/event/list?name=release")).toEqual([]);
    });

    it("has coordinates that serf believes", async () => {
      const rtt = await eventually("a coordinate of b at s1", 15_000, () =>
        world.serf("rtt", "s1", "b").catch(() => undefined),
      );
      expect(rtt).toMatch(/Estimated s1 <-> b rtt: \d+\.\d+ ms/);
    });

    it("answers our own command line", { timeout: 60_000 }, async () => {
      const members = await world.ours("members");
      for (const name of world.names) expect(members).toMatch(new RegExp(`^${name}\\s.*alive`, "m"));
      expect(await world.ours("members", "-detailed")).toMatch(/^b\s.*role=node/m);
      const count = world.names.length;
      await untilAll([`(${count}/${count})`], () => world.ours("reachability"));
      await expect(world.ours("force-leave", "nobody")).rejects.toThrow("No node found");
    });

    it.skipIf(encrypt === "")(
      "changes its key without losing anybody, told by serf and by us",
      {
        timeout: 120_000,
      },
      async () => {
        await untilAll([], () => world.ours("keyring", `-install=${newKey}`));
        await untilAll([], () => world.serf("keys", "-use", newKey));
        await untilAll([], () => world.ours("keyring", `-remove=${oldKey}`));
        const count = world.names.length;
        await untilAll([`${newKey}  [${count}/${count}]`], () => world.serf("keys", "-list"));
        const listed = await untilAll([`dc1 (LAN):\n  ${newKey} [${count}/${count}]`], () =>
          world.ours("keyring", "-list"),
        );
        expect(listed).not.toContain(oldKey);
        await world.allSee(world.names, alive(world.names), 5_000);
      },
    );

    it("puts Consul's client into the catalog, though it has no link", { timeout: 30_000 }, async () => {
      if (!hasConsul) return;
      await eventually("c in the catalog", 15_000, async () => {
        const checks = await world.get<{ CheckID: string; Status: string }[]>("a", "/v1/health/node/c");
        return checks.find((check) => check.CheckID === "serfHealth" && check.Status === "passing");
      });
    });

    it("declares dead what was killed when serf does, and follows in the catalog", {
      timeout: 90_000,
    }, async () => {
      const killed = Date.now();
      const failedAt = async (by: string, name: string) => {
        await world.allSee([by], { [name]: "failed" }, 40_000);
        return Date.now() - killed;
      };
      await world.processes.get("b")?.stop("SIGKILL");
      const [ours, theirs] = await Promise.all([failedAt("a", "b"), failedAt("s1", "b")]);
      process.stdout.write(
        `${kind}: kill -9 of b was seen by us after ${ours} ms, by serf after ${theirs} ms\n`,
      );
      expect(Math.abs(ours - theirs)).toBeLessThan(0.2 * theirs + 1_000);
      await eventually("serfHealth of b is critical", 20_000, async () => {
        const checks = await world.get<{ CheckID: string; Status: string }[]>("a", "/v1/health/node/b");
        return checks.find((check) => check.CheckID === "serfHealth" && check.Status === "critical");
      });
    });

    it("takes back who comes again, by itself", { timeout: 40_000 }, async () => {
      world.startOurs("b");
      await world.allSee(world.names, alive(world.names), 30_000);
      await eventually("serfHealth of b is passing", 10_000, async () => {
        const checks = await world.get<{ CheckID: string; Status: string }[]>("a", "/v1/health/node/b");
        return checks.find((check) => check.CheckID === "serfHealth" && check.Status === "passing");
      });
    });

    it("shows who leaves as left, ours and theirs, and takes the node from the catalog", {
      timeout: 40_000,
    }, async () => {
      const ending = world.processes.get("b")?.stop("SIGINT");
      await world.allSee(["a", "s1", ...(hasConsul ? ["c"] : [])], { b: "left" }, 15_000);
      expect(await ending).toBe(0);
      await eventually("b is gone from the catalog", 10_000, async () => {
        const nodes = await world.get<{ Node: string }[]>("a", "/v1/catalog/nodes");
        return nodes.some(({ Node }) => Node === "b") ? undefined : true;
      });
      await world.serf("leave");
      await world.allSee(["a"], { s1: "left" }, 15_000);
    });
  });
}
