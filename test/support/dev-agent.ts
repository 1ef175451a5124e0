// `legate agent -dev` as a process of its own on free ports, for tests with foreign clients.

import { eventually, freePort, type Running, startLegate } from "./legate-process.ts";

export type DevAgent = {
  readonly port: number;
  readonly dnsPort: number;
  readonly url: string;
  readonly process: Running;
  /** The body of a reply, as JSON where it is JSON. */
  json(path: string, init?: RequestInit): Promise<unknown>;
  stop(): Promise<void>;
};

/** Starts one and waits until it leads and its node is healthy. */
export async function startDevAgent(...more: readonly string[]): Promise<DevAgent> {
  const [port, dnsPort, serf, wan, server] = await Promise.all([0, 0, 0, 0, 0].map(() => freePort()));
  const options = { http: port, dns: dnsPort, "serf-lan": serf, "serf-wan": wan, server, grpc: -1 };
  const ports = Object.entries(options).map(([name, value]) => `-${name}-port=${value}`);
  const process = startLegate(["agent", "-dev", "-node=dev", ...ports, ...more]);
  const url = `http://127.0.0.1:${port}`;
  const json = async (path: string, init?: RequestInit) => (await fetch(`${url}${path}`, init)).json();
  await eventually("an agent -dev that answers", 20_000, async () => {
    if (process.child.exitCode !== null) throw new Error(`the agent ended: ${process.output()}`);
    const checks = await json("/v1/health/node/dev").catch(() => undefined);
    return Array.isArray(checks) && checks.length > 0 ? true : undefined;
  });
  return {
    port: port ?? 0,
    dnsPort: dnsPort ?? 0,
    url,
    process,
    json,
    async stop() {
      await process.stop("SIGKILL");
    },
  };
}
