// One simulated server: the production driver on simulated ports over a disk that outlives it. It can be evicted
// (memory gone, the next input builds it anew, as a Durable Object), crashed in the middle of a step, down, and
// superseded: the older instance lives on for a while, sees the disk as it was, and its writes are refused.

import { ok, type Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import type { Entry, RaftMessage, ServerId } from "../../shared/raft/types.ts";
import type { ServerConfig } from "../../worker/server/config.ts";
import type { ServerPorts } from "../../worker/server/ports.ts";
import { createRaftDriver, type RaftDriver } from "../../worker/server/raft-driver.ts";
import { type Dice, nodeClock, type SimulatedClock } from "./clock.ts";
import type { Receiver } from "./network.ts";
import type { Plant } from "./plants.ts";
import { SimulatedCrash, type SimulatedDisk, simulatedDisk } from "./sql.ts";

export type Versioned = { readonly version: number; readonly value: string };

/** One life of a server. */
export type Instance = {
  /** Runs `body` on the driver; null when this instance is gone or crashes in it. */
  use<T>(body: (driver: RaftDriver) => T): T | null;
  read(key: string): Versioned;
  isAlive(): boolean;
};

export type ServerNode = {
  readonly id: ServerId;
  readonly disk: SimulatedDisk;
  /** The newest instance, built if the server sleeps; null when it is down or crashes at its start. */
  instance(): Instance | null;
  /** Runs `body` on the newest instance's driver. */
  use<T>(body: (driver: RaftDriver) => T): T | null;
  /** A request that was sent at `sentAt` reaches the instance that was the newest then, if that still lives. */
  receive(messages: readonly RaftMessage[], sentAt: number): readonly RaftMessage[] | null;
  /** The older instance that is still alive, if there is one. */
  zombie(): Instance | null;
  /** The driver if it is in memory; looking wakes nobody. */
  peek(): RaftDriver | null;
  evict(): void;
  /** A newer instance takes over; the older one lives on for `millis` at most, until it finds out. */
  supersede(millis: number): void;
  goDown(): void;
  comeUp(): void;
  /** The server's clock is `millis` later from now on. */
  jump(millis: number): void;
  /** What the driver armed last, in the server's own time. */
  armed(): { readonly at: number | null; readonly urgency: "timer" | "alarm" };
};

export type NodeWatch = {
  applied(id: ServerId, entry: Entry): void;
  changed(id: ServerId, driver: RaftDriver): void;
  send(from: ServerId, to: ServerId, messages: readonly RaftMessage[], answersTo: Receiver): void;
};

export type NodeFaults = {
  /** How fast its clock runs. */
  readonly clockRate: number;
  readonly alarmLateness: number;
  readonly alarmLateMillisMax: number;
  readonly plant: Plant | null;
};

/** A server with an empty disk, not yet built. */
export function serverNode(
  config: ServerConfig,
  trueClock: SimulatedClock,
  dice: Dice,
  watch: NodeWatch,
  faults: NodeFaults,
): ServerNode {
  const disk = simulatedDisk();
  disk.sql.exec(
    "CREATE TABLE registers (key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL)",
  );
  const clock = nodeClock(trueClock, faults.clockRate);
  type Life = Instance & { driver: RaftDriver | null; snapshot: Map<string, Versioned> | null; end(): void };
  let current: Life | null = null;
  let older: { readonly life: Life; readonly since: number } | null = null;
  let up = true;
  let armed: { at: number | null; urgency: "timer" | "alarm" } = { at: null, urgency: "timer" };
  let armedOrder = 0;

  const forget = (): void => {
    current?.end();
    current = null;
    disk.crashAfter(null);
  };

  const readDisk = (key: string): Versioned => {
    const [row] = disk.inspect("SELECT value, version FROM registers WHERE key = ?", key);
    if (row === undefined) return { version: 0, value: "" };
    return { version: Number(row.version), value: String(row.value) };
  };

  const newLife = (): Life => {
    let isAlive = true;
    let ownOrder = 0;
    const refuseWrites = (): void => {
      if (life.snapshot !== null) throw new SimulatedCrash("superseded: the write is refused");
    };
    const send = (to: ServerId, messages: readonly RaftMessage[]): void => {
      if (!isAlive) return;
      watch.send(config.id, to, messages, (answers) => {
        const more = life.use((it) => it.receive(answers));
        if (more !== null && more.length > 0) send(to, more);
        return more === null ? null : [];
      });
    };
    const ports: ServerPorts = {
      sql: {
        exec(statement, ...bindings) {
          if (!statement.startsWith("SELECT")) refuseWrites();
          return disk.sql.exec(statement, ...bindings);
        },
        transaction<T>(body: () => T): T {
          refuseWrites();
          return disk.sql.transaction(body);
        },
      },
      peers: {
        send,
        call: () => Promise.resolve(ok(null) as Result<unknown, ServerError>),
      },
      wake: {
        at(deadline, urgency) {
          if (!isAlive) return;
          ownOrder += 1;
          const order = ownOrder;
          if (life.snapshot !== null) {
            // An older instance has its timers, but the alarm is the newer one's.
            const ring = () => order === ownOrder && life.use((it) => it.wake());
            if (deadline !== null && urgency === "timer") clock.after(deadline - clock.now(), ring);
            return;
          }
          armed = { at: deadline, urgency };
          armedOrder += 1;
          if (deadline !== null) ringNewest(life, deadline, armedOrder, urgency);
        },
      },
      clock,
      entropy: { seed: () => dice.between(0, 2 ** 31), uuid: () => "" },
      links: { all: () => [] },
      log: () => {},
      defer: (body) => trueClock.after(0, () => void life.use(body)),
    };
    const apply = (entry: Entry) => {
      watch.applied(config.id, entry);
      const { key, value } = JSON.parse(entry.command) as { key: string; value: string };
      disk.sql.exec(
        "INSERT INTO registers VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = ?, version = ?",
        ...[key, value, entry.index, value, entry.index],
      );
      return { result: entry.index, changed: [key] };
    };
    const life: Life = {
      driver: null,
      snapshot: null,
      isAlive: () => isAlive,
      end() {
        isAlive = false;
      },
      read: (key) =>
        life.snapshot === null ? readDisk(key) : (life.snapshot.get(key) ?? { version: 0, value: "" }),
      use(body) {
        if (!isAlive) return null;
        try {
          if (life.driver === null) {
            const driver = createRaftDriver(ports, config, apply, faults.plant?.(ports));
            driver.onRoleChange(() => isAlive && watch.changed(config.id, driver));
            life.driver = driver;
          }
          return body(life.driver);
        } catch (error) {
          if (!(error instanceof SimulatedCrash)) throw error;
          if (current === life) {
            forget();
            trueClock.after(dice.between(0, 3_000), () => void node.use(() => null));
          } else life.end();
          return null;
        }
      },
    };
    return life;
  };

  /** A timer, and under it an alarm that may come late but survives an eviction. */
  const ringNewest = (life: Life, deadline: number, order: number, urgency: "timer" | "alarm"): void => {
    const isLate = urgency === "alarm" && dice.chance(faults.alarmLateness);
    const lateness = isLate ? dice.between(0, faults.alarmLateMillisMax) : dice.between(0, 3);
    clock.after(deadline - clock.now() + lateness, () => {
      if (order !== armedOrder) return;
      if (life === current || urgency === "alarm") node.use((it) => it.wake());
      else trueClock.after(dice.between(0, 5_000), () => order === armedOrder && node.use((it) => it.wake()));
    });
  };

  const node: ServerNode = {
    id: config.id,
    disk,
    instance() {
      if (!up) return null;
      current ??= newLife();
      const life = current;
      return life.use(() => life);
    },
    use: (body) => node.instance()?.use(body) ?? null,
    receive(messages, sentAt) {
      const late = older !== null && sentAt < older.since && older.life.isAlive() ? older.life : null;
      if (late !== null) return late.use((driver) => driver.receive(messages));
      return node.use((driver) => driver.receive(messages));
    },
    zombie: () => (older?.life.isAlive() === true ? older.life : null),
    peek: () => (up ? (current?.driver ?? null) : null),
    evict: forget,
    supersede(millis) {
      if (!up || current === null || current.driver === null) return;
      older?.life.end();
      const life = current;
      const rows = disk.inspect("SELECT key FROM registers").map((row) => String(row.key));
      life.snapshot = new Map(rows.map((key) => [key, readDisk(key)]));
      older = { life, since: trueClock.now() };
      current = null;
      // Its timer goes on: what it had armed rings for it once, and then it arms its own.
      const { at } = armed;
      if (at !== null) clock.after(Math.max(0, at - clock.now()), () => void life.use((it) => it.wake()));
      trueClock.after(millis, () => life.end());
      node.use(() => null);
    },
    goDown() {
      up = false;
      older?.life.end();
      forget();
    },
    comeUp() {
      up = true;
      node.use(() => null);
    },
    jump: (millis) => clock.jump(millis),
    armed: () => armed,
  };
  return node;
}
