// One simulated server: the production server on simulated ports over a disk that outlives it. It can be evicted
// (memory gone, the next input builds it anew, as a Durable Object), crashed in the middle of a step, down, and
// superseded: the older instance lives on for a while, sees the disk as it was, and its writes are refused.

import type { Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import { type AppliedCommand, applyCommand } from "../../shared/fsm/apply.ts";
import type { RaftState } from "../../shared/raft/state.ts";
import { step } from "../../shared/raft/step.ts";
import type { RaftEffects, RaftMessage, ServerId } from "../../shared/raft/types.ts";
import type { RpcMethod } from "../../shared/rpc/methods.ts";
import type { ServerConfig } from "../../worker/server/config.ts";
import type { AgentLink, ServerPorts, Sql } from "../../worker/server/ports.ts";
import { createServer, type Server } from "../../worker/server/server.ts";
import { type Dice, nodeClock, type SimulatedClock } from "./clock.ts";
import {
  DiskError,
  type DiskProfile,
  type ReadOnlyCopy,
  SimulatedCrash,
  type SimulatedDisk,
  simulatedDisk,
} from "./disk.ts";
import type { Plant } from "./plants.ts";

/** One life of a server. */
export type Life = {
  readonly id: ServerId;
  /** Runs `body` on the server; null when this instance is gone or crashes in it. */
  use<T>(body: (server: Server) => T): T | null;
  isAlive(): boolean;
  /** What it says leaves when what it wrote is durable, if it still lives then. */
  say(output: () => void): void;
};

export type ServerNode = {
  readonly id: ServerId;
  readonly disk: SimulatedDisk;
  /** Agents whose connection is kept while the server sleeps. */
  readonly links: AgentLink[];
  /** A link as the newest instance sees it: what that says leaves when what it wrote is durable. */
  linkOf(link: AgentLink): AgentLink;
  /** The newest instance, built if the server sleeps; null when it is down or crashes at its start. */
  life(): Life | null;
  /** Who gets a request that was sent at `sentAt`: the instance that was the newest then, if that still lives. */
  lifeAt(sentAt: number): Life | null;
  /** The server if it is in memory; looking wakes nobody. */
  peek(): Server | null;
  isUp(): boolean;
  evict(): void;
  /** The power goes; back after a while. */
  crash(): void;
  /** A newer instance takes over; the older one lives on for `millis` at most, until it finds out. */
  supersede(millis: number): void;
  goDown(): void;
  comeUp(): void;
  /** It never comes back, and neither does its disk. */
  lose(): void;
  isLost(): boolean;
  /** Rows of its disk rot: it may find that out at any time, and must be lost to the group then. */
  rot(damage: (sql: Pick<Sql, "exec">) => void): void;
  isRotten(): boolean;
  /** The server's clock is `millis` later from now on. */
  jump(millis: number): void;
  /** What the server armed last, in its own time. */
  armed(): { readonly at: number | null; readonly urgency: "timer" | "alarm" };
};

export type NodeWatch = {
  stepped(node: ServerNode, state: RaftState, effects: RaftEffects, isNewest: boolean): void;
  applied(node: ServerNode, sql: Sql, index: number, command: string, outcome: AppliedCommand): void;
  send(life: Life, to: ServerId, messages: readonly RaftMessage[]): void;
  call(life: Life, to: ServerId, method: RpcMethod, request: unknown): Promise<Result<unknown, ServerError>>;
  /** The server lost its connections. */
  dropped(node: ServerNode): void;
  /** Something that was written, and perhaps seen, is not there any more. */
  lost(node: ServerNode): void;
  failed(error: unknown): void;
  logged(id: ServerId, text: string): void;
};

export type NodeFaults = {
  /** How fast its clock runs. */
  readonly clockRate: number;
  readonly alarmLateness: number;
  readonly alarmLateMillisMax: number;
  readonly disk: DiskProfile;
  readonly plant: Plant | null;
};

type InternalLife = Life & {
  linkOf(link: AgentLink): AgentLink;
  server: Server | null;
  copy: ReadOnlyCopy | null;
  end(): void;
};

/** A server with an empty disk, not yet built. */
export function serverNode(
  config: ServerConfig,
  trueClock: SimulatedClock,
  dice: Dice,
  watch: NodeWatch,
  faults: NodeFaults,
): ServerNode {
  const clock = nodeClock(trueClock, faults.clockRate);
  let current: InternalLife | null = null;
  let older: { readonly life: InternalLife; readonly since: number } | null = null;
  let up = true;
  let isLost = false;
  let isRotten = false;
  let armed: { at: number | null; urgency: "timer" | "alarm" } = { at: null, urgency: "timer" };
  let armedOrder = 0;

  const forget = (): void => {
    current?.end();
    current = null;
    disk.failAfter(null);
  };
  const crash = (): void => {
    current?.end();
    current = null;
    if (disk.crash()) watch.lost(node);
    watch.dropped(node);
    trueClock.after(dice.between(0, 3_000), () => void node.life());
  };
  const disk = simulatedDisk(trueClock, dice, faults.disk, crash);

  /** A timer, and under it an alarm that may come late but survives an eviction. */
  const ringNewest = (life: InternalLife, deadline: number, order: number, urgency: "timer" | "alarm") => {
    const isLate = urgency === "alarm" && dice.chance(faults.alarmLateness);
    const lateness = isLate ? dice.between(0, faults.alarmLateMillisMax) : dice.between(0, 3);
    clock.after(deadline - clock.now() + lateness, () => {
      if (order !== armedOrder) return;
      const ring = () => order === armedOrder && node.life()?.use((server) => server.wake());
      if (life === current || urgency === "alarm") ring();
      else trueClock.after(dice.between(0, 5_000), ring);
    });
  };

  const newLife = (): InternalLife => {
    let isAlive = true;
    let ownOrder = 0;
    const checkAlive = (): void => {
      if (!isAlive) throw new SimulatedCrash("this instance is gone");
    };
    const refused = (): never => {
      life.end();
      throw new SimulatedCrash("superseded: the write is refused");
    };
    const sql: Sql = {
      exec(statement, ...bindings) {
        checkAlive();
        if (life.copy === null) return disk.sql.exec(statement, ...bindings);
        return statement.startsWith("SELECT") ? life.copy.exec(statement, ...bindings) : refused();
      },
      transaction(body, durability) {
        checkAlive();
        return life.copy === null ? disk.sql.transaction(body, durability) : refused();
      },
      savepoint: (body) => disk.sql.savepoint(body),
    };
    const armOlder = (deadline: number | null, urgency: "timer" | "alarm"): void => {
      // An older instance has its timers, but the alarm is the newer one's.
      ownOrder += 1;
      const order = ownOrder;
      const ring = () => order === ownOrder && life.use((server) => server.wake());
      if (deadline !== null && urgency === "timer") clock.after(deadline - clock.now(), ring);
    };
    const ports: ServerPorts = {
      sql,
      clock,
      peers: {
        send: (to, messages) => life.say(() => watch.send(life, to, messages)),
        call: (to, method, request) => watch.call(life, to, method, request),
      },
      wake: {
        at(deadline, urgency) {
          if (!isAlive) return;
          if (life.copy !== null) {
            armOlder(deadline, urgency);
            return;
          }
          armed = { at: deadline, urgency };
          armedOrder += 1;
          if (deadline !== null) ringNewest(life, deadline, armedOrder, urgency);
        },
      },
      entropy: { seed: () => dice.between(0, 2 ** 31), uuid: () => uuidFrom(dice) },
      links: { all: () => (life.copy === null ? node.links.map(life.linkOf) : []) },
      log(level, message, fields) {
        watch.logged(config.id, `${message} ${JSON.stringify(fields ?? {})}`);
        const isOurs =
          isRotten || /power went|disk I\/O|is gone|is refused/.test(String(fields?.error ?? ""));
        if (level === "error" && isAlive && !isOurs) {
          watch.failed(new Error(`${config.id} logs an error: ${message} ${JSON.stringify(fields)}`));
        }
      },
      defer: (body) => trueClock.after(0, () => void life.use(body)),
    };
    const plant: ReturnType<Plant> = faults.plant?.(ports) ?? {};
    const takeStep = plant.takeStep ?? step;
    const apply = plant.apply ?? applyCommand;
    const build = (): Server => {
      const server = createServer({ ...ports, sql: plant.sql ?? sql }, config, {
        takeStep(state, input, now) {
          const effects = takeStep(state, input, now);
          watch.stepped(node, state, effects, life.copy === null);
          return effects;
        },
        apply(applySql, index, command) {
          const outcome = apply(applySql, index, command);
          watch.applied(node, applySql, index, command, outcome);
          return outcome;
        },
      });
      life.server = server;
      plant.begun?.(server);
      server.start();
      return server;
    };
    const life: InternalLife = {
      id: config.id,
      server: null,
      copy: null,
      isAlive: () => isAlive,
      end() {
        if (isAlive) life.copy?.close();
        isAlive = false;
      },
      say(output) {
        if (!isAlive) return;
        if (life.copy !== null) output();
        else disk.gate(() => isAlive && output());
      },
      linkOf: (link) => ({
        ...link,
        // The connections are the newest instance's.
        send: (frame) => life.say(() => life.copy === null && link.send(frame)),
        close: (reason) => life.say(() => life.copy === null && link.close(reason)),
      }),
      use(body) {
        if (!isAlive) return null;
        try {
          return body(life.server ?? build());
        } catch (error) {
          if (error instanceof SimulatedCrash || error instanceof DiskError) return null;
          // It does not trust its disk, and says so: whoever looks after it gives it up.
          if (isRotten) trueClock.after(0, node.lose);
          else watch.failed(error);
          return null;
        }
      },
    };
    return life;
  };

  const node: ServerNode = {
    id: config.id,
    disk,
    links: [],
    linkOf: (link) => current?.linkOf(link) ?? link,
    life() {
      if (!up) return null;
      current ??= newLife();
      const life = current;
      return life.use(() => life);
    },
    lifeAt(sentAt) {
      if (older !== null && sentAt < older.since && older.life.isAlive()) return older.life;
      return node.life();
    },
    peek: () => (up ? (current?.server ?? null) : null),
    isUp: () => up,
    evict: forget,
    crash() {
      if (up) crash();
    },
    supersede(millis) {
      if (!up || current === null || current.server === null) return;
      older?.life.end();
      const life = current;
      life.copy = disk.copy();
      current = null;
      disk.failAfter(null);
      older = { life, since: trueClock.now() };
      // What it wrote last may be lost; then what it says waits for that for ever, as if it were gone.
      if (disk.crash()) {
        life.end();
        watch.lost(node);
      }
      // Its timer goes on: what it had armed rings for it once, and then it arms its own.
      const { at } = armed;
      if (at !== null) clock.after(Math.max(0, at - clock.now()), () => void life.use((it) => it.wake()));
      trueClock.after(millis, () => life.end());
      node.life();
    },
    goDown() {
      up = false;
      older?.life.end();
      forget();
      watch.dropped(node);
    },
    comeUp() {
      if (isLost) return;
      up = true;
      node.life();
    },
    lose() {
      if (isLost) return;
      isLost = true;
      node.goDown();
    },
    isLost: () => isLost,
    isRotten: () => isRotten,
    rot(damage) {
      isRotten = true;
      damage({ exec: disk.inspect });
      forget();
    },
    jump: (millis) => clock.jump(millis),
    armed: () => armed,
  };
  return node;
}

function uuidFrom(dice: Dice): string {
  const hex = Array.from({ length: 32 }, () => dice.between(0, 15).toString(16)).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
