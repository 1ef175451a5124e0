// Five agents on five machines (namespaces.ts), n1 of them the server, and what is waited for while their cables are pulled.

import { eventually, type Running } from "./legate-process.ts";
import { buildNetwork, type Machine, type Network } from "./namespaces.ts";

type Row = { readonly Name: string; readonly Status: number };
type Check = { readonly Node: string; readonly CheckID: string; readonly Status: string };
export type Statuses = Readonly<Record<string, number>>;

export const allAlive: Statuses = { n1: 1, n2: 1, n3: 1, n4: 1, n5: 1 };

export class Site {
  readonly #network: Network;
  readonly #started = performance.now();
  readonly agents: readonly Running[];
  /** What happened when, to be printed. */
  readonly took: string[] = [];

  constructor() {
    this.#network = buildNetwork(5);
    this.agents = this.#network.machines.map((machine, at) => {
      const role =
        at === 0 ? ["-server", "-bootstrap-expect=1"] : ["-retry-join=10.77.0.1", "-retry-interval=1s"];
      return machine.legate(
        "agent",
        `-node=n${at + 1}`,
        `-bind=${machine.address}`,
        "-client=127.0.0.1",
        ...role,
      );
    });
  }

  /** From 1, as the nodes' names. */
  machine(at: number): Machine {
    const machine = this.#network.machines[at - 1];
    if (machine === undefined) throw new Error(`no machine ${at}`);
    return machine;
  }

  note(text: string): void {
    const seconds = ((performance.now() - this.#started) / 1_000).toFixed(0);
    this.took.push(`${seconds} s: ${text}`);
  }

  async #timed(what: string, limit: number, check: () => boolean): Promise<void> {
    const start = performance.now();
    await eventually(what, limit, async () => {
      if (check()) return true;
      await new Promise((resolve) => setTimeout(resolve, 200)); // each look is several processes
      return undefined;
    });
    this.note(`${what} (${((performance.now() - start) / 1_000).toFixed(1)} s)`);
  }

  /** What this agent answers, or null while it does not. */
  ask<T>(at: number, path: string): T | null {
    try {
      return this.machine(at).get<T>(path);
    } catch {
      return null;
    }
  }

  /** Waits until these machines all show these statuses. */
  seen(what: string, at: readonly number[], statuses: Statuses, limit: number): Promise<void> {
    return this.#timed(what, limit, () =>
      at.every((place) => {
        const rows = this.ask<Row[]>(place, "/v1/agent/members") ?? [];
        const seen = new Map(rows.map(({ Name, Status }) => [Name, Status]));
        return Object.entries(statuses).every(([name, status]) => seen.get(name) === status);
      }),
    );
  }

  /** Waits until serfHealth of these nodes is this in the catalog. */
  health(what: string, statuses: Readonly<Record<string, string>>, limit: number): Promise<void> {
    return this.#timed(`catalog: ${what}`, limit, () => {
      const found = this.serfHealth();
      return Object.entries(statuses).every(([name, status]) => found[name] === status);
    });
  }

  serfHealth(): Readonly<Record<string, string>> {
    const checks = this.ask<Check[]>(1, "/v1/health/state/any") ?? [];
    const serf = checks.filter(({ CheckID }) => CheckID === "serfHealth");
    return Object.fromEntries(serf.map(({ Node, Status }) => [Node, Status]));
  }

  async whole(limit: number): Promise<void> {
    await this.seen("all alive", [1, 2, 3, 4, 5], allAlive, limit);
    const passing = { n1: "passing", n2: "passing", n3: "passing", n4: "passing", n5: "passing" };
    await this.health("all passing", passing, limit);
  }

  /** How many times each has declared somebody failed. */
  failures(): readonly number[] {
    return this.agents.map((agent) => agent.output().split("EventMemberFailed").length - 1);
  }

  async remove(): Promise<void> {
    process.stdout.write(`${this.took.join("\n")}\n`);
    await this.#network.remove();
  }
}
