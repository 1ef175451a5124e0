// The service "consul" for servers that run on this machine (npm start): clients look for it in the catalog. It stands
// on the node of the agent that was started with them, and comes back when somebody removes it.

import { serverService } from "../local/server-node.ts";
import type { Log } from "../ports.ts";

const intervalMillis = 60_000; // as Consul's leader compares its members with the catalog
const retryMillis = 50; // beside workerd on this machine, while it starts

export type ServersHere = {
  /** Of the Worker, with the secret that it asks for. */
  readonly url: string;
  readonly secret: string;
  readonly node: string;
  readonly address: string;
  /** That the servers show, as Consul's RPC port. */
  readonly port: number;
  readonly log: Log;
};

/** `registered` settles when the service stands in the catalog for the first time, or when `stop` is called before. */
export type KeptService = { readonly registered: Promise<void>; stop(): void };

/** Registers the service and keeps it registered. Called before the agent starts: it then adds to the node's row. */
export function keepServersRegistered(servers: ServersHere): KeptService {
  const stopping = new AbortController();
  let settle = () => {};
  const registered = new Promise<void>((resolve) => {
    settle = resolve;
  });
  let timer: NodeJS.Timeout | null = null;

  async function ask(method: string, path: string, body: string | null): Promise<string> {
    const headers = { "X-Consul-Token": servers.secret };
    const reply = await fetch(servers.url + path, { method, headers, body, signal: stopping.signal });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${reply.status} ${text}`);
    return text;
  }

  async function run(): Promise<void> {
    let wait = intervalMillis;
    try {
      const found = await ask("GET", `/v1/catalog/node/${encodeURIComponent(servers.node)}`, null);
      const node = JSON.parse(found) as { Services: Record<string, { Port: number }> } | null;
      if (node?.Services.consul?.Port !== servers.port) {
        const { node: Node, address: Address } = servers;
        const registration = { Node, Address, SkipNodeUpdate: true, Service: serverService(servers.port) };
        await ask("PUT", "/v1/catalog/register", JSON.stringify(registration));
      }
      settle();
    } catch (error) {
      wait = retryMillis;
      if (!stopping.signal.aborted)
        servers.log("debug", "edge: not registered yet", { error: String(error) });
    }
    if (!stopping.signal.aborted) timer = setTimeout(() => void run(), wait);
  }

  void run();
  return {
    registered,
    stop() {
      stopping.abort();
      if (timer !== null) clearTimeout(timer);
      settle();
    },
  };
}
