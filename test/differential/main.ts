// `npm run differential [-- --only AREA[/SCENARIO] --list --server --sequences N --seed N --length N]`: the same
// requests to real Consul 1.8.7 (CONSUL) and to Legate, and every difference between their answers. Exit code 1 if any.

import { parseArgs } from "node:util";
import { randomScenario } from "./random.ts";
import { consulPath } from "./program.ts";
import { runArea } from "./run-area.ts";
import type { Difference } from "./run.ts";
import { areas } from "./scenarios/index.ts";
import type { Area } from "./steps.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
    /** All areas on servers that keep their data instead of -dev. */
    server: { type: "boolean", default: false },
    /** First seed of the random sequences; how many; how long each is. */
    seed: { type: "string", default: "1" },
    sequences: { type: "string", default: "0" },
    length: { type: "string", default: "40" },
  },
});

function wanted(area: Area): Area {
  const isWanted = (name: string) =>
    values.only.length === 0 ||
    values.only.some((only) => area.name === only || `${area.name}/${name}` === only);
  const mode = values.server ? { mode: "server" as const } : {};
  return { ...area, ...mode, scenarios: area.scenarios.filter(({ name }) => isWanted(name)) };
}

function randomArea(): Area {
  const [first, count, length] = [values.seed, values.sequences, values.length].map(Number) as [
    number,
    number,
    number,
  ];
  const scenarios = Array.from({ length: count }, (_, at) => randomScenario(first + at, length));
  return { name: "random", scenarios };
}

function print(differences: readonly Difference[]): void {
  for (const { where, step, lines } of differences) {
    process.stdout.write(`${where}: ${step}\n${lines.map((line) => `    ${line}\n`).join("")}`);
  }
}

async function main(): Promise<number> {
  const chosen = [...areas.map(wanted), randomArea()].filter((area) => area.scenarios.length > 0);
  if (values.list) {
    for (const area of chosen)
      for (const { name } of area.scenarios) process.stdout.write(`${area.name}/${name}\n`);
    return 0;
  }
  const consul = consulPath();
  if (consul === null) {
    process.stdout.write("differential: skipped, there is no real Consul (set CONSUL to its path)\n");
    return 0;
  }
  let scenarios = 0;
  let different = 0;
  for (const area of chosen) {
    const found = await runArea(consul, area, print);
    scenarios += area.scenarios.length;
    different += found.length;
    process.stdout.write(`${area.name}: ${area.scenarios.length} scenarios, ${found.length} differences\n`);
  }
  process.stdout.write(`${scenarios} scenarios, ${different} differences\n`);
  return different === 0 ? 0 : 1;
}

process.exitCode = await main();
