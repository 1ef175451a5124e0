// Three servers as processes, a client that writes all the time, and a leader that is killed again and again: nothing
// that was acknowledged is lost. LEGATE_LONG=1 kills it twenty times.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, eventually } from "../support/legate-process.ts";
import { ServerTrio } from "../support/server-trio.ts";

const kills = process.env.LEGATE_LONG === "1" ? 20 : 3;
let trio: ServerTrio;

beforeAll(async () => {
  trio = await ServerTrio.start();
}, 60_000);
afterAll(() => trio?.stop());

type Acknowledged = { readonly key: string; readonly begunAt: number; readonly at: number };

/** Writes one key after the other through whichever server answers, until it is told to stop. */
function writer() {
  const acknowledged: Acknowledged[] = [];
  let running = true;
  const done = (async () => {
    for (let n = 0; running; n++) {
      const servers = trio.alive;
      const server = servers[n % servers.length];
      if (server === undefined) continue;
      const begunAt = Date.now();
      const answer = await trio.ask(server, "PUT", `/v1/kv/w/${n}`, 3_000, String(n));
      if (answer?.status === 200 && answer.text.trim() === "true")
        acknowledged.push({ key: `w/${n}`, begunAt, at: Date.now() });
    }
  })();
  return {
    acknowledged,
    async stop() {
      running = false;
      await done;
    },
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe("three servers as processes", () => {
  it(
    `lose no acknowledged write when the leader is killed ${kills} times, and write again within 2 s`,
    async () => {
      const client = writer();
      const pauses: number[] = [];
      for (let n = 0; n < kills; n++) {
        const leader = await trio.leader();
        const killedAt = Date.now();
        await trio.kill(leader);
        const resumed = await eventually("a write after the kill", 20_000, () =>
          client.acknowledged.find(({ begunAt }) => begunAt > killedAt),
        );
        pauses.push(resumed.at - killedAt);
        trio.launch(leader);
        await eventually("the killed server follows again", 30_000, async () => {
          const text = await trio.text(leader, "/v1/status/leader");
          return text !== null && text.trim() !== '""' ? true : undefined;
        });
      }
      await client.stop();
      console.log(`writes ${client.acknowledged.length}, pauses ${pauses.join(" ")} ms`);
      expect(client.acknowledged.length).toBeGreaterThan(kills * 10);
      expect(median(pauses)).toBeLessThan(2_000);
      const leader = await trio.leader();
      const kept = JSON.parse((await trio.text(leader, "/v1/kv/w/?keys&consistent")) ?? "[]") as string[];
      const keys = new Set(kept);
      expect(client.acknowledged.filter(({ key }) => !keys.has(key))).toEqual([]);
    },
    60_000 + kills * 60_000,
  );

  it("are gone within a second of SIGINT, a follower and the leader, while clients write and wait", async () => {
    const clients = [writer(), writer(), writer()];
    for (const wanted of ["follower", "leader"] as const) {
      const leader = await trio.leader();
      const one = wanted === "leader" ? leader : trio.alive.find((other) => other !== leader);
      if (one?.running == null) throw new Error(`no ${wanted} runs`);
      const waiting = trio.ask(one, "GET", "/v1/kv/none?index=1000000&wait=60s", 90_000);
      await trio.text(one, "/v1/status/leader");
      const { running } = one;
      one.running = null;
      const before = performance.now();
      expect(await running.stop("SIGINT")).toBe(1);
      expect(performance.now() - before, wanted).toBeLessThan(1_000);
      await waiting;
      trio.launch(one);
      await eventually("it is back", 30_000, async () => {
        const text = await trio.text(one, "/v1/status/leader");
        return text !== null && text.trim() !== '""' ? true : undefined;
      });
    }
    await Promise.all(clients.map((client) => client.stop()));
  }, 120_000);

  it("without a majority say so to writers, answer stale readers, and heal when one comes back", async () => {
    const leader = await trio.leader();
    expect((await trio.ask(leader, "PUT", "/v1/kv/kept", 5_000, "x"))?.text.trim()).toBe("true");
    const [survivor, ...others] = trio.alive.filter((one) => one !== leader);
    if (survivor === undefined) throw new Error("three servers run");
    await eventually("the follower has it", 5_000, async () =>
      (await trio.text(survivor, "/v1/kv/kept?raw&stale")) === "x" ? true : undefined,
    );
    for (const one of [leader, ...others]) await trio.kill(one);
    const begun = Date.now();
    const refused = await trio.ask(survivor, "PUT", "/v1/kv/refused", 15_000, "x");
    expect(refused).toEqual({ status: 500, text: "No cluster leader" });
    expect(Date.now() - begun).toBeLessThan(10_000);
    expect(await trio.text(survivor, "/v1/kv/kept?raw&stale")).toBe("x");
    trio.launch(leader);
    await eventually("a write", 30_000, async () => {
      const written = await trio.ask(survivor, "PUT", "/v1/kv/healed", 8_000, "y");
      return written?.text.trim() === "true" ? true : undefined;
    });
    expect(await trio.text(survivor, "/v1/kv/kept?raw&consistent")).toBe("x");
  }, 120_000);

  it("lose two for good, and one goes on by one command, which says what may be lost; the others come back to it", async () => {
    const leader = await trio.leader();
    expect((await trio.ask(leader, "PUT", "/v1/kv/before", 10_000, "x"))?.text.trim()).toBe("true");
    const [survivor, ...others] = trio.alive;
    if (survivor === undefined || others.length === 0) throw new Error("servers run");
    const recover = (...more: string[]) =>
      cli(["operator", "raft", "recover", `-http-addr=${survivor.base.slice(7)}`, ...more]);
    const refused = await recover();
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("that is a majority")]);
    for (const one of others) await trio.kill(one);
    const plan = await eventually("a plan", 30_000, async () => {
      const shown = await recover();
      return shown.code === 0 ? shown.stdout : undefined;
    });
    expect(plan).toContain("Nothing was changed");
    expect(plan).toContain("operator raft recover -epoch=1");
    expect((await recover("-epoch=5")).code).toBe(1);
    const done = await eventually("the recovery", 30_000, async () => {
      const shown = await recover("-epoch=1");
      return shown.code === 0 ? shown.stdout : undefined;
    });
    expect(done).toContain("epoch 1");
    expect((await trio.ask(survivor, "PUT", "/v1/kv/after", 10_000, "y"))?.text.trim()).toBe("true");
    expect((await recover("-epoch=1")).code).toBe(1);
    // With their old disks: they are not listened to, and take the survivor's state.
    for (const one of others) trio.launch(one);
    for (const one of others) {
      await eventually("they have what was written since", 60_000, async () =>
        (await trio.text(one, "/v1/kv/after?raw&stale")) === "y" ? true : undefined,
      );
    }
    expect((await trio.ask(survivor, "PUT", "/v1/kv/together", 10_000, "z"))?.text.trim()).toBe("true");
  }, 180_000);
});
