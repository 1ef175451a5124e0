// docs/openapi.json against the routes.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { agentRoutes } from "../../agent/http/routes/index.ts";
import { routes } from "../../shared/api/routes/index.ts";
import { openApiDocument, openApiPath } from "./document.ts";
import { parameterDocs, parametersOf } from "./parameters.ts";

const docs = join(import.meta.dirname, "../../docs");
const all = [...routes, ...agentRoutes];

type Written = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { operationId: string }>>>>;
};

describe("docs/openapi.json", () => {
  const text = readFileSync(join(docs, "openapi.json"), "utf8");
  const written = JSON.parse(text) as Written;

  it("is what the routes say: npm run openapi writes it anew", () => {
    expect(text).toBe(`${JSON.stringify(openApiDocument(), null, 2)}\n`);
  });

  it("has every route, each operation once", () => {
    const operations = Object.entries(written.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.sort()).toEqual(all.map(({ method, path }) => `${method} ${openApiPath(path)}`).sort());
    const ids = Object.values(written.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("explains every parameter that it names", () => {
    for (const { method, path } of all) {
      for (const name of parametersOf(method, path)) expect(parameterDocs).toHaveProperty([name]);
    }
  });
});
