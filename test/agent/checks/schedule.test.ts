import { describe, expect, it } from "vitest";
import { judgeHttp, runHttpCheck } from "../../../agent/checks/http.ts";
import { createCheckSchedule } from "../../../agent/checks/schedule.ts";
import type { CheckResult } from "../../../agent/checks/status.ts";
import { runTcpCheck } from "../../../agent/checks/tcp.ts";
import type { HttpProbe } from "../../../agent/ports.ts";
import { aCheckDefinition } from "../local/builders.ts";
import { VirtualWorld } from "../rpc/virtual-world.ts";

function aScene() {
  const world = new VirtualWorld();
  const results: CheckResult[] = [];
  const schedule = createCheckSchedule(
    world.ports,
    () => 4096,
    (_id, result) => void results.push(result),
  );
  return { world, results, schedule };
}

const httpCheck = aCheckDefinition({ id: "h", name: "h", http: "http://x/", intervalMillis: 10_000 });

describe("check schedule", () => {
  it("runs a check first somewhere within its interval, then once an interval", async () => {
    const { world, results, schedule } = aScene();
    schedule.start("h", httpCheck);
    await world.advance(4_900);
    expect(results.length).toBe(0);
    await world.advance(200);
    expect(results).toEqual([{ status: "passing", output: "HTTP GET http://x/: 200 OK Output: fine" }]);
    await world.advance(30_000);
    expect(results.length).toBe(4);
  });

  it("raises an interval below one second and says so", async () => {
    const { world, results, schedule } = aScene();
    schedule.start("h", { ...httpCheck, intervalMillis: 10 });
    await world.advance(3_000);
    expect(results.length).toBe(3);
    expect(world.logs.some((line) => line.includes("interval below minimum"))).toBe(true);
  });

  it("believes the first result at once and later ones only after the threshold", async () => {
    const { world, results, schedule } = aScene();
    schedule.start("h", { ...httpCheck, successBeforePassing: 3, failuresBeforeCritical: 2 });
    await world.advance(5_000);
    expect(results.map((result) => result.status)).toEqual(["passing"]);
    world.httpResult = { ...world.httpResult, status: 500, statusText: "Internal Server Error" };
    await world.advance(10_000);
    expect(results.length).toBe(1);
    await world.advance(10_000);
    expect(results.at(-1)?.status).toBe("critical");
    world.httpResult = { ...world.httpResult, status: 200, statusText: "OK" };
    await world.advance(20_000);
    expect(results.at(-1)?.status).toBe("critical");
    await world.advance(10_000);
    expect(results.at(-1)?.status).toBe("passing");
  });

  it("keeps a running check when it is registered again unchanged, and stops on request", async () => {
    const { world, schedule } = aScene();
    schedule.start("h", httpCheck);
    await world.advance(4_000);
    schedule.start("h", { ...httpCheck });
    await world.advance(1_000);
    expect(world.httpProbes).toBe(1);
    schedule.stop("h");
    await world.advance(60_000);
    expect(world.httpProbes).toBe(1);
  });

  it("turns a TTL check critical when no report comes in time, and quotes the last one", async () => {
    const { world, results, schedule } = aScene();
    schedule.start("t", aCheckDefinition({ id: "t", name: "t", ttlMillis: 10_000 }));
    schedule.ttl("t")?.report("alive");
    await world.advance(9_000);
    schedule.ttl("t")?.report("alive");
    await world.advance(9_999);
    expect(results).toEqual([]);
    await world.advance(1);
    expect(results).toEqual([
      { status: "critical", output: "TTL expired (last output before timeout follows): alive" },
    ]);
  });

  it("says only that the TTL expired when nothing was ever reported", async () => {
    const { world, results, schedule } = aScene();
    schedule.start("t", aCheckDefinition({ id: "t", name: "t", ttlMillis: 10_000 }));
    await world.advance(10_000);
    expect(results).toEqual([{ status: "critical", output: "TTL expired" }]);
  });
});

describe("outputs of checks", () => {
  const answer = { ok: true, status: 429, statusText: "Too Many Requests", body: "slow down", error: "" };

  it("counts 429 as a warning", () => {
    expect(judgeHttp("http://x/", "GET", answer)).toEqual({
      status: "warning",
      output: "HTTP GET http://x/: 429 Too Many Requests Output: slow down",
    });
  });

  it("counts a redirect that was not followed as critical", () => {
    expect(judgeHttp("http://x/", "GET", { ...answer, status: 302, statusText: "Found" }).status).toBe(
      "critical",
    );
  });

  it("words a refused connection as Go does", () => {
    const refused = {
      ok: false,
      status: 0,
      statusText: "",
      body: "",
      error: "dial tcp 127.0.0.1:1: connect: connection refused",
    };
    const expected = 'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused';
    expect(judgeHttp("http://127.0.0.1:1/", "GET", refused)).toEqual({
      status: "critical",
      output: expected,
    });
    expect(judgeHttp("http://127.0.0.1:1/", "GET", { ...refused, error: expected }).output).toBe(expected);
  });

  it("sends Consul's own headers unless others are given", async () => {
    const seen: Parameters<HttpProbe["probe"]>[0][] = [];
    const probe: HttpProbe = {
      probe: async (request) => {
        seen.push(request);
        return { ...answer, status: 200 };
      },
    };
    await runHttpCheck({ ...httpCheck, header: { "user-agent": ["probe"] } }, probe, 4096);
    expect(seen[0]?.headers).toEqual({ "user-agent": ["probe"], Accept: ["text/plain, text/*, */*"] });
    expect(seen[0]).toMatchObject({ method: "GET", timeoutMillis: 10_000, bodyBytesMax: 4096 });
  });

  it("reports a TCP connection by its address", async () => {
    const tcp = aCheckDefinition({ id: "t", name: "t", tcp: "127.0.0.1:18999", intervalMillis: 1_000 });
    expect((await runTcpCheck(tcp, { connect: async () => "" })).output).toBe(
      "TCP connect 127.0.0.1:18999: Success",
    );
    const error = "dial tcp 127.0.0.1:18999: connect: connection refused";
    expect(await runTcpCheck(tcp, { connect: async () => error })).toEqual({
      status: "critical",
      output: error,
    });
  });
});
