// One of the two programs that are compared, as a fresh `agent -dev` on free ports of loopback.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { eventually, freePort, legate, repository } from "../support/legate-process.ts";
import type { Area } from "./steps.ts";

export type Program = {
  readonly name: "consul" | "legate";
  readonly file: string;
  readonly port: number;
  /** What ${names} stand for, and what of it is masked in answers. */
  readonly variables: Readonly<Record<string, string>>;
  /** What has this index or a lower one was there before the first scenario. */
  readonly startIndex: number;
  output(): string;
  hasEnded(): boolean;
  stop(): Promise<void>;
};

/** The path of real Consul: CONSUL, or `consul` on the PATH; null when there is none. */
export function consulPath(): string | null {
  const own = process.env.CONSUL;
  if (own !== undefined && own !== "") return existsSync(own) ? own : null;
  const places = (process.env.PATH ?? "").split(delimiter).map((place) => join(place, "consul"));
  return places.find((path) => existsSync(path) && !path.startsWith(repository)) ?? null;
}

/** Starts real Consul, or ours where `path` is null, and waits until it leads and its node is healthy. */
export async function startProgram(path: string | null, area: Area): Promise<Program> {
  const name = path === null ? "legate" : "consul";
  const tmp = mkdtempSync(join(tmpdir(), `differential-${name}-`));
  const [http, dns, server, lan, wan] = await Promise.all([0, 0, 0, 0, 0].map(() => freePort()));
  const config = join(tmp, "settings.json");
  writeFileSync(config, JSON.stringify({ disable_update_check: true, ...area.config }));
  const flags = Object.entries({ http, dns, server, "serf-lan": lan, "serf-wan": wan, grpc: -1 });
  const persistent = ["-server", "-bootstrap", "-bind=127.0.0.1", `-data-dir=${join(tmp, "data")}`];
  const mode = area.mode === "server" ? persistent : ["-dev"];
  const args = ["agent", ...mode, "-node=dev", `-config-file=${config}`, ...(area.flags ?? [])];
  args.push(...flags.map(([flag, port]) => `-${flag}-port=${port}`));
  const file = path ?? legate;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output = (output + String(chunk)).slice(-1_000_000);
    });
  }
  const url = `http://127.0.0.1:${http}`;
  const startIndex = await eventually(`${name} with its node in its catalog`, 30_000, async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${output}`);
    const nodes = await fetch(`${url}/v1/catalog/nodes`).catch(() => undefined);
    const [own] = ((await nodes?.json().catch(() => [])) ?? []) as { Meta: Record<string, string> | null }[];
    // First the leader adds the node, then the agent completes it.
    return own?.Meta?.["consul-network-segment"] === "" ? nodes?.headers.get("X-Consul-Index") : undefined;
  });
  const self = (await (await fetch(`${url}/v1/agent/self`)).json()) as { Config: { NodeID: string } };
  return {
    name,
    file,
    port: http ?? 0,
    startIndex: Number(startIndex),
    variables: {
      node: "dev",
      node_id: self.Config.NodeID,
      tmp,
      http_port: String(http),
      dns_port: String(dns),
      server_port: String(server),
      serf_lan_port: String(lan),
      serf_wan_port: String(wan),
    },
    output: () => output,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async stop() {
      await end(child);
      rmSync(tmp, { recursive: true, force: true });
    },
  };
}

function end(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise((resolve) => child.once("exit", resolve));
  // The agent may have children of its own: checks and watches.
  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  return ended;
}
