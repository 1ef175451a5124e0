// Sums over the seeds of a run of the simulator, and the line that each seed prints.

import { faultKinds, noFaults } from "./faults.ts";
import type { Outcome } from "./simulation.ts";

export type Totals = {
  add(outcome: Outcome): void;
  violation(): void;
  violations(): number;
  line(): string;
  text(): string;
};

const operationsOf = ({ operations: o }: Outcome): number =>
  o.writes +
  o.reads +
  o.staleReads +
  o.blocking +
  o.unknown +
  o.transactions +
  o.transactionsRead +
  o.expiring;
const faultsOf = ({ faults }: Outcome): number =>
  faultKinds.reduce((sum, kind) => sum + (kind === "heal" ? 0 : faults[kind]), 0);

/** "seed 7 drowsy×3 5.01 h 2310 ops (21 unknown) 64 faults 31 elections 1204 entries hash 0123456789abcdef". */
export function lineOf(outcome: Outcome): string {
  const { seed, mode, servers, hours, operations, elections, entries, hash } = outcome;
  return (
    `seed ${seed} ${mode}×${servers} ${hours.toFixed(2)} h ${operationsOf(outcome)} ops (${operations.unknown} unknown) ` +
    `${faultsOf(outcome)} faults ${elections} elections ${entries} entries hash ${hash}`
  );
}

export function createTotals(): Totals {
  let seeds = 0;
  let failures = 0;
  const sums = {
    hours: 0,
    operations: 0,
    events: 0,
    faults: 0,
    elections: 0,
    installs: 0,
    entries: 0,
    undecided: 0,
  };
  const operations: Record<string, number> = {};
  const network: Record<string, number> = {};
  const disasters: Record<string, number> = {};
  const faults = noFaults();
  const addAll = (into: Record<string, number>, from: Readonly<Record<string, number>>): void => {
    for (const [name, count] of Object.entries(from)) into[name] = (into[name] ?? 0) + count;
  };
  const listOf = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ");
  const line = (): string =>
    `${seeds} seeds, ${sums.hours.toFixed(1)} cluster-hours, ${sums.operations} operations, ${sums.faults} faults, ` +
    `${failures} violations`;
  return {
    add(outcome) {
      seeds += 1;
      sums.hours += outcome.hours;
      sums.events += outcome.events;
      sums.elections += outcome.elections;
      sums.installs += outcome.installs;
      sums.entries += outcome.entries;
      sums.undecided += outcome.undecided;
      sums.operations += operationsOf(outcome);
      sums.faults += faultsOf(outcome);
      addAll(operations, outcome.operations);
      addAll(network, outcome.network);
      addAll(disasters, outcome.disasters);
      addAll(faults, outcome.faults);
    },
    violation() {
      failures += 1;
    },
    violations: () => failures,
    line,
    text: () =>
      [
        line(),
        `operations: ${listOf(operations)}`,
        `faults: ${listOf(faults)}`,
        `disasters: ${listOf(disasters)}`,
        `network: ${listOf(network)}`,
        `${sums.elections} elections, ${sums.installs} snapshots installed, ${sums.entries} entries applied, ${sums.events} events, ` +
          `${sums.undecided} histories that the checker gave up on`,
      ].join("\n"),
  };
}
