// docs/compatibility.md says of every endpoint whether it is there; here it is held against the routes.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { agentRoutes } from "../agent/http/routes/index.ts";
import { edgeAgentRoutes } from "../shared/api/routes/edge/index.ts";
import { routes } from "../shared/api/routes/index.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/compatibility.md"), "utf8");
const rows = [...page.matchAll(/^\| (GET|PUT|POST|DELETE) +\| `([^`]+)` +\| (\w+) +\|/gm)].map((match) => ({
  endpoint: shape(`${match[1]} ${match[2]}`),
  state: match[3],
}));

/** Parameter names do not matter. */
function shape(endpoint: string): string {
  return endpoint.replace(/:\w+\*?/g, ":");
}

describe("docs/compatibility.md", () => {
  const served = new Set([...routes, ...agentRoutes].map((route) => shape(`${route.method} ${route.path}`)));

  it("says done or partial for every route, and only for routes", () => {
    const claimed = rows.filter((row) => row.state === "done" || row.state === "partial");
    expect(claimed.map((row) => row.endpoint).sort()).toEqual([...served].sort());
  });

  it("knows no state but done, partial and missing, and no endpoint twice", () => {
    expect(rows.filter((row) => !["done", "partial", "missing"].includes(row.state ?? ""))).toEqual([]);
    expect(new Set(rows.map((row) => row.endpoint)).size).toBe(rows.length);
  });

  it("is answered by the Worker, too: every route of an agent but its web pages", () => {
    const here = new Set(
      [...routes, ...edgeAgentRoutes].map(({ method, path }) => shape(`${method} ${path}`)),
    );
    expect([...served].filter((endpoint) => !here.has(endpoint))).toEqual(["GET /", "GET /ui/:"]);
  });
});
