// Three real servers in one process on virtual time: real raft driver, state machine and endpoints over in-memory
// SQLite; peers call each other directly, with a delay. Servers can be stopped, restarted and cut off.

import { fail, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { RaftMessage, ServerId } from "../../shared/raft/types.ts";
import type { ServerConfig } from "../../worker/server/config.ts";
import type { AgentLink, Directory, ServerPorts } from "../../worker/server/ports.ts";
import { createServer, type Server } from "../../worker/server/server.ts";
import { type MemorySql, memorySql } from "./memory-sql.ts";
import { VirtualTime } from "./virtual-time.ts";

const delayMillis = 2;

type Host = {
  readonly id: ServerId;
  readonly sql: MemorySql;
  readonly links: AgentLink[];
  server: Server;
  isUp: boolean;
  /** Events of an older life are dropped. */
  life: number;
  armed: () => number | null;
  disarm: () => void;
};

export class MemoryCluster {
  readonly time = new VirtualTime();
  readonly hosts: readonly Host[];
  readonly logged: string[] = [];
  /** Calls between servers, "server-2 KVS.Apply". */
  readonly calls: string[] = [];
  #seed = 1;
  readonly #ids: readonly ServerId[];

  readonly #change: (id: ServerId) => {
    readonly config?: Partial<ServerConfig>;
    readonly directory?: Directory;
  };

  /** `change`: what a server is told beside the usual. */
  constructor(
    size = 3,
    change: (id: ServerId) => { config?: Partial<ServerConfig>; directory?: Directory } = () => ({}),
  ) {
    this.#change = change;
    this.#ids = Array.from({ length: size }, (_, n) => `server-${n + 1}` as ServerId);
    this.hosts = this.#ids.map((id) => {
      const host = { id, sql: memorySql(), links: [], isUp: true, life: 0 } as unknown as Host;
      this.#boot(host);
      return host;
    });
  }

  host(id: string): Host {
    const host = this.hosts.find((candidate) => candidate.id === id);
    if (host === undefined) throw new Error(`no server ${id}`);
    return host;
  }

  server(id: string): Server {
    return this.host(id).server;
  }

  /** Loses the memory of a server, keeps its database and its links. */
  restart(id: string): void {
    this.stop(id);
    this.#boot(this.host(id));
  }

  stop(id: string): void {
    const host = this.host(id);
    host.isUp = false;
    host.life++;
    host.disarm();
  }

  /** Lets time pass until somebody leads and the others know. */
  async leader(): Promise<string> {
    for (let n = 0; n < 200; n++) {
      const leader = this.hosts.find((host) => host.isUp && host.server.status().role === "leader");
      const agreed = this.hosts.every(
        (host) => !host.isUp || host === leader || host.server.status().leader === leader?.id,
      );
      if (leader !== undefined && agreed) return leader.id;
      await this.time.advance(50);
    }
    throw new Error(`nobody leads: ${JSON.stringify(this.hosts.map((host) => host.server.status()))}`);
  }

  async followers(): Promise<readonly string[]> {
    const leader = await this.leader();
    return this.#ids.filter((id) => id !== leader);
  }

  #boot(host: Host): void {
    const life = ++host.life;
    host.isUp = true;
    const isNow = (): boolean => host.isUp && host.life === life;
    const wake = this.time.wake(() => {
      if (isNow()) host.server.wake();
    });
    host.armed = wake.armed;
    host.disarm = wake.remove;
    const given = this.#change(host.id);
    const ports: ServerPorts = {
      ...(given.directory === undefined ? {} : { directory: given.directory }),
      sql: host.sql,
      clock: this.time.clock,
      wake: wake.port,
      defer: (body) => this.time.defer(() => (isNow() ? body() : undefined)),
      entropy: {
        seed: () => this.#seed++,
        uuid: () => `00000000-0000-0000-0000-${String(this.#seed++).padStart(12, "0")}`,
      },
      links: { all: () => host.links },
      log: (level, message, fields) =>
        void this.logged.push(`${host.id} ${level} ${message} ${JSON.stringify(fields)}`),
      peers: {
        send: (to, messages) => this.#send(host, isNow, this.host(to), messages),
        call: (to, method, request) => {
          this.calls.push(`${to} ${method}`);
          return this.#call(host, to, method, request);
        },
      },
    };
    host.server = createServer(ports, {
      datacenter: "dc1",
      id: host.id,
      servers: this.#ids,
      addressOf: Object.fromEntries(this.#ids.map((id) => [id, `${id}.dc1:8300`])),
      mode: "drowsy",
      version: "0.1.0",
      ...given.config,
    });
    host.server.start();
  }

  #send(from: Host, isNow: () => boolean, to: Host, messages: readonly RaftMessage[]): void {
    const sent = structuredClone(messages);
    this.#later(() => {
      if (!isNow()) return;
      if (!to.isUp) return from.server.peerUnreachable(to.id);
      const answers = structuredClone(to.server.handleRaft(sent));
      if (answers.length === 0) return;
      this.#later(() => {
        if (!isNow()) return;
        const more = from.server.handleRaft(answers);
        if (more.length > 0) this.#send(from, isNow, to, more);
      });
    });
  }

  async #call(
    from: Host,
    id: ServerId,
    method: Parameters<Server["handleCall"]>[1],
    request: unknown,
  ): Promise<Result<unknown, ServerError>> {
    const sent = structuredClone(request);
    await new Promise<void>((resolve) => this.#later(resolve));
    const to = this.host(id); // by now all of them are made
    const { life } = to;
    if (!to.isUp) return fail(serverError("noServers", to.id));
    const answer = structuredClone(await to.server.handleCall(from.id, method, sent));
    return to.isUp && to.life === life ? answer : fail(serverError("timeout", to.id));
  }

  #later(body: () => void): void {
    const alarm = this.time.wake(() => {
      alarm.remove();
      body();
    });
    alarm.port.at(this.time.now + delayMillis, "timer");
  }
}
