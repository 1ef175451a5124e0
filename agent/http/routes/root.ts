// GET / and /ui/: where a browser arrives.

import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { textReply } from "../../../shared/api/reply.ts";
import type { AgentContext } from "../context.ts";

export const rootRoutes: readonly Route<AgentContext>[] = [
  { method: "GET", path: "/", summary: "To the web UI, when it is turned on", handle: root },
  { method: "GET", path: "/ui/:path*", summary: "The web UI", handle: ui },
];

async function root(_request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  if (!context.config.httpConfig.ui) return textReply(200, "Consul Agent");
  const headers = { Location: "/ui/", "Content-Type": "text/html; charset=utf-8" };
  return { status: 301, headers, body: '<a href="/ui/">Moved Permanently</a>.\n\n', isUnrouted: true };
}

async function ui(_request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  if (!context.config.httpConfig.ui) return { status: 404, headers: {}, body: null };
  return textReply(501, "The web UI is not available yet: see docs/compatibility.md");
}
