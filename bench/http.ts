// `npm run bench:http [-- --edge] [--rounds N] [--seconds N]`: HTTP against real Consul (`agent -dev`) and Legate in
// turn, A B A B, medians and ratios. Consul is taken from CONSUL or the PATH; without it only we are measured. --edge:
// an agent with three servers in workerd, their data on a disk of memory (bench:raft has real disks).

import { parseArgs } from "node:util";
import {
  type Contender,
  consul,
  consulPath,
  legateDev,
  legateEdge,
  type Started,
  start,
} from "./support/contenders.ts";
import { ask, closeConnections, openWaiters, requestsPerSecond } from "./support/load.ts";
import { figure, median, spread, table } from "./support/statistics.ts";

type Measure = {
  readonly name: string;
  readonly unit: string;
  /** What ours over Consul's should be; at most where less is better. */
  readonly goal: string;
};

const measures: readonly Measure[] = [
  { name: "ready", unit: "ms", goal: "≤ 300 ms" },
  { name: "kv get, 32 connections", unit: "/s", goal: "≥ 1.2" },
  { name: "kv get consistent, 32", unit: "/s", goal: "" },
  { name: "kv put, 32", unit: "/s", goal: "≥ 1.5" },
  { name: "kv put, 1", unit: "/s", goal: "≥ 1.5" },
  { name: "health of 4 instances, 32", unit: "/s", goal: "≥ 3" },
  { name: "health of 100 instances, 32", unit: "/s", goal: "≥ 20" },
  { name: "catalog/services, 32", unit: "/s", goal: "" },
  { name: "register 500 instances", unit: "ms", goal: "" },
  { name: "1,000 waiters woken, to the last", unit: "ms", goal: "≤ 0.5" },
  { name: "memory after the load", unit: "MB", goal: "≤ 0.5" },
];

const waiterCount = 1_000;
const wakeRounds = 3;

async function measure(contender: Contender, seconds: number): Promise<number[]> {
  const program = await start(contender);
  try {
    const rate = (path: string, connections = 32) =>
      requestsPerSecond({ url: program.url + path, connections, seconds });
    const put = (connections: number) =>
      requestsPerSecond({
        url: `${program.url}/v1/kv/bench`,
        connections,
        seconds,
        method: "PUT",
        body: "x".repeat(100),
      });
    await ask("PUT", `${program.url}/v1/kv/bench`, "x".repeat(100));
    const kv = [
      await rate("/v1/kv/bench"),
      await rate("/v1/kv/bench?consistent"),
      await put(32),
      await put(1),
    ];
    await register(program, "four", 4);
    await register(program, "hundred", 100);
    const health = [await rate("/v1/health/service/four"), await rate("/v1/health/service/hundred")];
    const services = await rate("/v1/catalog/services");
    const registered = await register(program, "many", 500);
    const woken = await wake(program);
    return [program.readyMillis, ...kv, ...health, services, registered, woken, program.memory() / 1e6];
  } finally {
    closeConnections();
    await program.stop();
  }
}

/** Registers `count` instances on as many nodes, 32 at a time; milliseconds taken. */
async function register(program: Started, service: string, count: number): Promise<number> {
  const from = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const number = next++;
      const node = `${service}-node-${number}`;
      const reply = await ask(
        "PUT",
        `${program.url}/v1/catalog/register`,
        JSON.stringify({
          Node: node,
          Address: `10.0.${number >> 8}.${number & 255}`,
          Service: { ID: `${service}-${number}`, Service: service, Tags: ["a", "b"], Port: 8000 + number },
          Check: {
            Node: node,
            CheckID: "c",
            Name: "check",
            Status: "passing",
            ServiceID: `${service}-${number}`,
          },
        }),
      );
      if (reply.status !== 200) throw new Error(`registration refused: ${reply.status} ${reply.text}`);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  return performance.now() - from;
}

/** Time from one change to the answer of the last of the waiters for it: the median of some. */
async function wake(program: Started): Promise<number> {
  const url = `${program.url}/v1/kv/watched`;
  const times: number[] = [];
  for (let round = 0; round < wakeRounds; round++) {
    await ask("PUT", url, `before ${round}`);
    const index = String((await ask("GET", url)).headers["x-consul-index"]);
    const waiters = openWaiters(`${url}?index=${index}&wait=60s`, waiterCount);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    if (waiters.answered() > 0)
      throw new Error(`${waiters.answered()} waiters were answered before the change`);
    const from = performance.now();
    await ask("PUT", url, `after ${round}`);
    times.push((await waiters.last) - from);
  }
  return median(times);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      edge: { type: "boolean", default: false },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "3" },
    },
  });
  const ours = values.edge ? legateEdge : legateDev;
  const path = consulPath();
  if (path === null) process.stdout.write("no Consul to compare with (set CONSUL to its path)\n");
  const contenders = path === null ? [ours] : [consul(path), ours];
  const results = new Map<Contender, number[][]>(contenders.map((contender) => [contender, []]));
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const contender of contenders) {
      process.stderr.write(`round ${round} of ${values.rounds}: ${contender.name}\n`);
      results.get(contender)?.push(await measure(contender, Number(values.seconds)));
    }
  }
  process.stdout.write(`${report(contenders, results, values.edge)}\n`);
}

function report(
  contenders: readonly Contender[],
  results: ReadonlyMap<Contender, number[][]>,
  edge: boolean,
): string {
  const heading = ["", "unit", ...contenders.flatMap(({ name }) => [name, "min–max"]), "ratio", "goal"];
  const rows = measures.map(({ name, unit, goal }, position) => {
    const series = contenders.map((contender) =>
      (results.get(contender) ?? []).map((round) => round[position] ?? NaN),
    );
    const medians = series.map(median);
    const ratio = medians.length === 2 ? figure((medians[1] ?? NaN) / (medians[0] ?? NaN)) : "-";
    const cells = series.flatMap((values) => [figure(median(values)), spread(values)]);
    return [name, unit, ...cells, ratio, edge ? (unit === "/s" ? "≥ 0.5" : "≤ 2") : goal];
  });
  return table([heading, ...rows]);
}

await main();
