// docs/openapi.json out of the lists of routes, which are data. `npm run openapi` writes it; a test holds it.

import { agentRoutes } from "../../agent/http/routes/index.ts";
import { routes } from "../../shared/api/routes/index.ts";
import { consulVersion } from "../../shared/version.ts";
import { parameterDocs, parametersOf } from "./parameters.ts";

type Json = Readonly<Record<string, unknown>>;

/** The whole document. */
export function openApiDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  const all = [...routes, ...agentRoutes].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  for (const { method, path, summary } of all) {
    const shown = openApiPath(path);
    const operations = paths[shown] ?? {};
    paths[shown] = operations;
    operations[method.toLowerCase()] = operation(method, path, summary);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Legate",
      version: consulVersion,
      description: "Consul's HTTP API. Paths whose last parameter may hold slashes take them unescaped.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:8500", description: "An agent" }],
    tags: [...new Set(all.map(({ path }) => areaOf(path)))].sort().map((name) => ({ name })),
    externalDocs: { description: "What Legate adds to Consul's API", url: "api.md" },
    security: [{}, { token: [] }, { bearer: [] }],
    paths,
    components: components(),
  };
}

/** "/v1/kv/:key*" as "/v1/kv/{key}". */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)\*?/g, "{$1}");
}

/** The part of the API that a path belongs to. */
function areaOf(path: string): string {
  return /^\/v1\/([\w-]+)/.exec(path)?.[1] ?? "ui";
}

function operation(method: string, path: string, summary: string): Json {
  const named = [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query = parametersOf(method, path).map((name) => ({ $ref: `#/components/parameters/${name}` }));
  const takesBody = method === "PUT" || method === "POST";
  const type =
    path.startsWith("/v1/kv/") || path === "/v1/snapshot" ? "application/octet-stream" : "application/json";
  return {
    tags: [areaOf(path)],
    operationId: `${method.toLowerCase()}${path.replace(/[^\w]+(\w?)/g, (_, next: string) => next.toUpperCase())}`,
    summary,
    parameters: [...named, ...query],
    ...(takesBody ? { requestBody: { required: false, content: { [type]: { schema: {} } } } } : {}),
    responses: {
      "200": { $ref: "#/components/responses/done" },
      "4XX": { $ref: "#/components/responses/refused" },
      "500": { $ref: "#/components/responses/refused" },
    },
  };
}

function components(): Json {
  const parameters = Object.entries(parameterDocs).map(([name, { type, doc }]) => [
    name,
    {
      name,
      in: "query",
      description: doc,
      schema: { type },
      ...(type === "boolean" ? { allowEmptyValue: true } : {}),
    },
  ]);
  return {
    parameters: Object.fromEntries(parameters) as unknown,
    responses: {
      done: {
        description: "The answer, as Consul 1.8 gives it.",
        content: { "application/json": { schema: {} } },
      },
      refused: {
        description: "What is wrong, as plain text.",
        content: { "text/plain": { schema: { type: "string" } } },
      },
    },
    securitySchemes: {
      token: { type: "apiKey", in: "header", name: "X-Consul-Token" },
      bearer: { type: "http", scheme: "bearer" },
    },
  };
}
