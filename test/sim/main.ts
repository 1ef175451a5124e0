// npm run sim -- --seed N [--seeds A..B] [--hours H] [--servers N] [--mode drowsy|quiescent|awake] [--jobs N]: one line a
// seed, then totals. The same seed and settings print the same hash. See README.md for what the columns mean.

import { fork } from "node:child_process";
import { parseArgs } from "node:util";
import type { Mode } from "./options.ts";
import { type Outcome, type Settings, simulate } from "./simulation.ts";
import { createTotals, lineOf } from "./totals.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string" },
    hours: { type: "string", default: "1" },
    servers: { type: "string" },
    mode: { type: "string" },
    verbose: { type: "boolean", default: false },
    quiet: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
    /** Processes; each takes the next seed when it is done with one. */
    jobs: { type: "string", default: "1" },
  },
});

/** What a process that simulates tells the one that counts. */
type Report =
  | { readonly seed: number; readonly outcome: Outcome }
  | { readonly seed: number; readonly violation: string };

const [first, last] = (values.seeds ?? values.seed).split("..").map(Number);
const fixed: Omit<Settings, "seed"> = {
  hours: Number(values.hours),
  ...(values.verbose ? { log: (line: string) => console.log(line) } : {}),
  ...(values.servers === undefined ? {} : { servers: Number(values.servers) }),
  ...(values.mode === undefined ? {} : { mode: values.mode as Mode }),
};
const replay = `--hours ${values.hours}${values.servers === undefined ? "" : ` --servers ${values.servers}`}${
  values.mode === undefined ? "" : ` --mode ${values.mode}`
}`;

async function run(seed: number): Promise<Report> {
  try {
    return { seed, outcome: await simulate({ ...fixed, seed }) };
  } catch (error) {
    return { seed, violation: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Asks for seeds until there is none left. */
function work(): void {
  process.on("message", (seed: number) => void run(seed).then((report) => process.send?.(report)));
}

async function conduct(): Promise<void> {
  const totals = createTotals();
  const began = performance.now();
  let next = first ?? 1;
  const end = last ?? next;
  let done = 0;
  let isOver = false;

  const take = (report: Report): void => {
    done += 1;
    if ("violation" in report) {
      totals.violation();
      console.error(report.violation);
      console.error(
        `seed ${report.seed}: a violation; replay it with: npm run sim -- --seed ${report.seed} ${replay}`,
      );
      isOver ||= !values["keep-going"];
      return;
    }
    totals.add(report.outcome);
    if (!values.quiet) console.log(lineOf(report.outcome));
    else if (done % 50 === 0) console.log(`… ${done} seeds: ${totals.line()}`);
  };
  const nextSeed = (): number | null => {
    if (isOver || next > end) return null;
    next += 1;
    return next - 1;
  };

  const jobs = Math.max(1, Number(values.jobs));
  if (jobs === 1) {
    for (let seed = nextSeed(); seed !== null; seed = nextSeed()) take(await run(seed));
  } else {
    await Promise.all(Array.from({ length: jobs }, () => employ(nextSeed, take)));
  }
  console.log(totals.text());
  console.log(`${((performance.now() - began) / 1_000).toFixed(1)} s`);
  process.exit(totals.violations() === 0 ? 0 : 1);
}

/** One more process, fed with seeds. */
function employ(nextSeed: () => number | null, take: (report: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, process.argv.slice(2), {
      env: { ...process.env, LEGATE_SIM_JOB: "1" },
    });
    const feed = (): void => {
      const seed = nextSeed();
      if (seed !== null) child.send(seed);
      else {
        child.kill();
        resolve();
      }
    };
    child.on("message", (report: Report) => {
      take(report);
      feed();
    });
    child.once("error", reject);
    child.once("exit", (code) => (code === null ? undefined : reject(new Error(`a job ended with ${code}`))));
    feed();
  });
}

if (process.env.LEGATE_SIM_JOB === "1") work();
else await conduct();
