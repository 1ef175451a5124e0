// The Worker: stateless entry to the servers. It denies by default: without the management secret nothing is served,
// and no server object is woken for anybody who does not know it.

import { compression } from "./runtime/compression.ts";
import { Hono } from "hono";
import type { ApiContext } from "../shared/api/http.ts";
import { createRouter } from "../shared/api/router.ts";
import { edgeAgentRoutes } from "../shared/api/routes/edge/index.ts";
import { routes } from "../shared/api/routes/index.ts";
import { type Datacenter, datacenterOf, type Environment, objectName } from "./runtime/environment.ts";
import { createLog } from "./runtime/log.ts";
import { isSecret, tokenOf } from "./runtime/management-secret.ts";
import { createServerBackend } from "./runtime/server-backend.ts";
import { doorRequest, toResponse } from "./runtime/web-http.ts";

export { ConsulServer } from "./consul-server.ts";

const explanation = `Legate is running, and serves nothing yet: it has no management secret.

Set one, then give the same value to your agents (-edge-token) and HTTP clients (X-Consul-Token):

    npx wrangler secret put LEGATE_MANAGEMENT_SECRET
`;

const router = createRouter<ApiContext>([...routes, ...edgeAgentRoutes], (error, door) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  createLog("worker", "info")("error", "a route crashed", { path: door.path, error: text });
});

const app = new Hono<{ Bindings: Environment }>();

app.use(async (c, next) => {
  const secret = c.env.LEGATE_MANAGEMENT_SECRET ?? "";
  if (secret === "") return c.text(explanation, 503);
  if (!(await isSecret(tokenOf(c.req.raw), secret))) return c.text("Permission denied", 403);
  return next();
});

app.get("/v1/link", async (c) => {
  if (c.req.header("Upgrade")?.toLowerCase() !== "websocket")
    return c.text("this is the agents' link: connect with a WebSocket", 426);
  const datacenter = datacenterOf(c.env);
  const server = serverFor(c.req.query("node") ?? "", datacenter);
  return c.env.SERVER.getByName(objectName(datacenter.name, server)).fetch(c.req.raw);
});

app.all("*", async (c) => {
  const datacenter = datacenterOf(c.env);
  const context: ApiContext = {
    backend: createServerBackend(
      c.env.SERVER,
      datacenter.name,
      datacenter.servers,
      firstServer(datacenter),
      (work) => c.executionCtx.waitUntil(work),
    ),
    datacenter: datacenter.name,
    defaultToken: "",
    compression,
    alwaysPretty: false,
  };
  return toResponse(await router.handle(doorRequest(c.req.raw), context));
});

// A configuration that cannot be, or an object that did not take a link.
app.onError((error, c) => {
  createLog("worker", "info")("error", "a request failed", { path: c.req.path, error: String(error) });
  return c.text(`internal error: ${error.message}`, 500);
});

/** The same server for the same node, so that a reconnecting agent finds the server that knows it. */
function serverFor(node: string, datacenter: Datacenter) {
  let hash = 0x811c9dc5; // FNV-1a
  for (let at = 0; at < node.length; at++) hash = Math.imul(hash ^ node.charCodeAt(at), 0x01000193) >>> 0;
  return datacenter.servers[hash % datacenter.servers.length] ?? datacenter.servers[0]!;
}

// Chosen once by each isolate: Workers around the world spread over the servers, and each keeps one warm.
let chosen: number | null = null;

function firstServer(datacenter: Datacenter): number {
  chosen ??= (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % datacenter.servers.length;
  return chosen;
}

export default app;
