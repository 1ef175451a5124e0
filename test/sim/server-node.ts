// One simulated server: the production driver on simulated ports over a disk that outlives it. It can be evicted
// (memory gone, the next input builds it anew, as a Durable Object), crashed in the middle of a step, and down.

import { ok, type Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import type { Entry, RaftMessage, ServerId } from "../../shared/raft/types.ts";
import type { ServerConfig } from "../../worker/server/config.ts";
import type { ServerPorts } from "../../worker/server/ports.ts";
import { createRaftDriver, type RaftDriver } from "../../worker/server/raft-driver.ts";
import type { Dice, SimulatedClock } from "./clock.ts";
import { SimulatedCrash, type SimulatedDisk, simulatedDisk } from "./sql.ts";

export type Versioned = { readonly version: number; readonly value: string };

export type ServerNode = {
  readonly id: ServerId;
  readonly disk: SimulatedDisk;
  /** Runs `body` on the driver, which is built if it sleeps; null when the server is down or crashes in it. */
  use<T>(body: (driver: RaftDriver) => T): T | null;
  /** The driver if it is in memory; looking wakes nobody. */
  peek(): RaftDriver | null;
  evict(): void;
  goDown(): void;
  comeUp(): void;
  isUp(): boolean;
  /** What the driver armed last. */
  armed(): { readonly at: number | null; readonly urgency: "timer" | "alarm" };
  read(key: string): Versioned;
};

export type NodeWatch = {
  applied(id: ServerId, entry: Entry): void;
  changed(id: ServerId, driver: RaftDriver): void;
  send(from: ServerId, to: ServerId, messages: readonly RaftMessage[]): void;
};

/** A server with an empty disk, not yet built. */
export function serverNode(
  config: ServerConfig,
  clock: SimulatedClock,
  dice: Dice,
  watch: NodeWatch,
): ServerNode {
  const disk = simulatedDisk();
  disk.sql.exec(
    "CREATE TABLE registers (key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL)",
  );
  let driver: RaftDriver | null = null;
  let generation = 0;
  let up = true;
  let armed: { at: number | null; urgency: "timer" | "alarm" } = { at: null, urgency: "timer" };
  let armedOrder = 0;

  const forget = (): void => {
    generation += 1;
    driver = null;
    disk.crashAfter(null);
  };

  const build = (): RaftDriver => {
    const mine = generation;
    const alive = () => mine === generation;
    const ports: ServerPorts = {
      sql: disk.sql,
      peers: {
        send: (to, messages) => alive() && watch.send(config.id, to, messages),
        call: () => Promise.resolve(ok(null) as Result<unknown, ServerError>),
      },
      wake: {
        at(deadline, urgency) {
          if (!alive()) return;
          armed = { at: deadline, urgency };
          armedOrder += 1;
          if (deadline !== null) ring(deadline, armedOrder, urgency);
        },
      },
      clock,
      entropy: { seed: () => dice.between(0, 2 ** 31), uuid: () => "" },
      links: { all: () => [] },
      log: () => {},
      defer: (body) => clock.after(0, () => alive() && node.use(body)),
    };
    const built = createRaftDriver(ports, config, (entry) => {
      watch.applied(config.id, entry);
      const { key, value } = JSON.parse(entry.command) as { key: string; value: string };
      disk.sql.exec(
        "INSERT INTO registers VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = ?, version = ?",
        ...[key, value, entry.index, value, entry.index],
      );
      return { result: entry.index, changed: [key] };
    });
    built.onRoleChange(() => alive() && watch.changed(config.id, built));
    return built;
  };

  /** A timer, and under it an alarm that comes late but survives an eviction. */
  const ring = (deadline: number, order: number, urgency: "timer" | "alarm"): void => {
    const mine = generation;
    const lateness = urgency === "alarm" && dice.chance(0.05) ? dice.between(0, 20_000) : dice.between(0, 3);
    clock.after(deadline - clock.now() + lateness, () => {
      if (order !== armedOrder) return;
      if (mine === generation || urgency === "alarm") node.use((it) => it.wake());
      else clock.after(dice.between(0, 5_000), () => order === armedOrder && node.use((it) => it.wake()));
    });
  };

  const node: ServerNode = {
    id: config.id,
    disk,
    use(body) {
      if (!up) return null;
      try {
        driver ??= build();
        return body(driver);
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) throw error;
        forget();
        clock.after(dice.between(0, 3_000), () => node.use(() => null));
        return null;
      }
    },
    peek: () => (up ? driver : null),
    evict: forget,
    goDown() {
      up = false;
      forget();
    },
    comeUp() {
      up = true;
      node.use(() => null);
    },
    isUp: () => up,
    armed: () => armed,
    read(key) {
      const [row] = disk.inspect("SELECT value, version FROM registers WHERE key = ?", key);
      return row === undefined
        ? { version: 0, value: "" }
        : { version: Number(row.version), value: String(row.value) };
    },
  };
  return node;
}
