// Three real servers as processes on loopback addresses of their own, which find each other by retry_join; each can be
// killed and started again on its data.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { eventually, freePort, type Running, scratch, startLegate } from "./legate-process.ts";

const hosts = ["127.0.5.11", "127.0.5.12", "127.0.5.13"];

export type ServerProcess = {
  readonly name: string;
  readonly base: string;
  /** What /v1/status/leader shows of it. */
  readonly address: string;
  running: Running | null;
};

export class ServerTrio {
  readonly servers: readonly ServerProcess[];
  readonly #directory = scratch("trio");
  readonly #ports: { readonly http: number; readonly serf: number; readonly server: number };

  private constructor(ports: { http: number; serf: number; server: number }) {
    this.#ports = ports;
    this.servers = hosts.map((host, n) => ({
      name: `server-${n + 1}`,
      base: `http://${host}:${ports.http}`,
      address: `${host}:${ports.server}`,
      running: null,
    }));
  }

  /** All three running, with a leader that each of them knows. */
  static async start(): Promise<ServerTrio> {
    const first = hosts[0] ?? "";
    const [http, serf, server] = [await freePort(first), await freePort(first), await freePort(first)];
    const trio = new ServerTrio({ http, serf, server });
    for (const one of trio.servers) trio.launch(one);
    await eventually("three servers with a leader", 30_000, async () => {
      const known = await Promise.all(trio.servers.map((one) => trio.text(one, "/v1/status/leader")));
      const peers = await Promise.all(trio.servers.map((one) => trio.text(one, "/v1/status/peers")));
      const agree = new Set(known).size === 1 && (known[0]?.length ?? 0) > 4;
      return agree && peers.every((list) => list?.split(",").length === 3) ? true : undefined;
    });
    return trio;
  }

  launch(one: ServerProcess): void {
    const data = join(this.#directory.path, one.name);
    mkdirSync(data, { recursive: true });
    const host = one.address.slice(0, one.address.lastIndexOf(":"));
    const { http, serf, server } = this.#ports;
    one.running = startLegate([
      ...["agent", "-server", "-bootstrap-expect=3", `-node=${one.name}`, `-data-dir=${data}`],
      ...[`-bind=${host}`, `-client=${host}`, `-http-port=${http}`, "-dns-port=-1"],
      ...[`-serf-lan-port=${serf}`, `-server-port=${server}`],
      ...hosts.filter((other) => other !== host).map((other) => `-retry-join=${other}:${serf}`),
    ]);
  }

  /** The file of a server that does not run. */
  databaseOf(one: ServerProcess): string {
    return join(this.#directory.path, one.name, "server/server.sqlite");
  }

  async kill(one: ServerProcess): Promise<void> {
    await one.running?.stop("SIGKILL");
    one.running = null;
  }

  get gossipPort(): number {
    return this.#ports.serf;
  }

  get alive(): readonly ServerProcess[] {
    return this.servers.filter(({ running }) => running !== null);
  }

  /** The server that all who live believe to lead. */
  leader(): Promise<ServerProcess> {
    return eventually("a leader that is alive", 20_000, async () => {
      const known = await Promise.all(this.alive.map((one) => this.text(one, "/v1/status/leader")));
      const found = this.alive.find(({ address }) => known.every((text) => text?.includes(address)));
      return found;
    });
  }

  /** The body of an answer, null without one. */
  async text(one: ServerProcess, path: string): Promise<string | null> {
    const answer = await this.ask(one, "GET", path, 5_000);
    return answer?.text ?? null;
  }

  async ask(
    one: ServerProcess,
    method: string,
    path: string,
    limitMillis: number,
    body?: string,
  ): Promise<{ readonly status: number; readonly text: string } | null> {
    try {
      const signal = AbortSignal.timeout(limitMillis);
      const answer = await fetch(one.base + path, {
        method,
        signal,
        ...(body === undefined ? {} : { body }),
      });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return null;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((one) => this.kill(one)));
    this.#directory.remove();
  }
}
