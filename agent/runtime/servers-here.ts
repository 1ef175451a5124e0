// The service "consul" for servers that run on this machine (npm start): clients look for it in the catalog. It stands
// on the node of the agent that was started with them, and comes back when somebody removes it.

import { serverService } from "../local/server-node.ts";
import type { Log } from "../ports.ts";

const intervalMillis = 60_000; // as Consul's leader compares its members with the catalog
const retryMillis = 50; // beside workerd on this machine, while both start

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

/** Keeps the service registered until the function that comes back is called. */
export function keepServersRegistered(servers: ServersHere): () => void {
  const stopping = new AbortController();
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
      // The node's own row is the agent's to write.
      if (node === null) wait = retryMillis;
      else if (node.Services.consul?.Port !== servers.port) {
        const { node: Node, address: Address } = servers;
        const registration = { Node, Address, SkipNodeUpdate: true, Service: serverService(servers.port) };
        await ask("PUT", "/v1/catalog/register", JSON.stringify(registration));
      }
    } catch (error) {
      wait = retryMillis;
      if (!stopping.signal.aborted)
        servers.log("debug", "edge: not registered yet", { error: String(error) });
    }
    if (!stopping.signal.aborted) timer = setTimeout(() => void run(), wait);
  }

  void run();
  return () => {
    stopping.abort();
    if (timer !== null) clearTimeout(timer);
  };
}
