import { describe, expect, it } from "vitest";
import { queryRoutes } from "../../../../shared/api/routes/query.ts";
import { createRouter } from "../../../../shared/api/router.ts";
import { fail, ok } from "../../../../shared/base/result.ts";
import { passedOn, serverError } from "../../../../shared/errors.ts";
import type { ApiContext } from "../../../../shared/api/http.ts";
import { doorRequest } from "../../../support/door-request.ts";

const seen: [string, Readonly<Record<string, unknown>>][] = [];
const meta = { index: 1, lastContactMillis: 0, knownLeader: true, consistency: "default" } as const;
const context: ApiContext = {
  backend: {
    call: (async (method: string, request: Readonly<Record<string, unknown>>) => {
      seen.push([method, request]);
      return ok({ meta, value: fail(passedOn(serverError("notFound", "Query not found"))) });
    }) as unknown as ApiContext["backend"]["call"],
  },
  datacenter: "dc1",
  nodeName: "n1",
  defaultToken: "",
  alwaysPretty: false,
};
const router = createRouter(queryRoutes);
const ask = (line: string) => router.handle(doorRequest(line), context);

describe("/v1/query", () => {
  it("tells execute and explain from ids by how the path ends", async () => {
    expect(await ask("GET /v1/query/a/b/execute?limit=3&near=_agent&connect=1")).toMatchObject({
      status: 404,
      body: "rpc error making call: Query not found",
    });
    expect(seen.at(-1)).toMatchObject([
      "PreparedQuery.Execute",
      { idOrName: "a/b", limit: 3, connect: true, agentNode: "n1", options: { near: "_agent", minIndex: 0 } },
    ]);
    await ask("GET /v1/query/x/explain");
    expect(seen.at(-1)).toMatchObject(["PreparedQuery.Explain", { idOrName: "x" }]);
    await ask("GET /v1/query/x/bogus");
    expect(seen.at(-1)).toMatchObject(["PreparedQuery.Get", { id: "x/bogus" }]);
    await ask("GET /v1/query/execute");
    expect(seen.at(-1)).toMatchObject(["PreparedQuery.Execute", { idOrName: "execute" }]);
  });

  it("names the methods as Consul's own dispatch does", async () => {
    expect((await ask("POST /v1/query/x/explain")).headers.Allow).toBe("GET");
    expect((await ask("POST /v1/query/x")).headers.Allow).toBe("GET,PUT,DELETE");
    expect((await ask("PUT /v1/query")).headers.Allow).toBe("OPTIONS,GET,POST");
    expect(await ask("OPTIONS /v1/query/x")).toMatchObject({
      headers: { Allow: "OPTIONS,GET,PUT,DELETE" },
      body: "{}",
    });
  });

  it.each([
    ["limit=x", 'Bad limit: strconv.Atoi: parsing "x": invalid syntax'],
    [
      "limit=99999999999999999999",
      'Bad limit: strconv.Atoi: parsing "99999999999999999999": value out of range',
    ],
    ["connect=maybe", "Error parsing 'connect' value: strconv.ParseBool: parsing \"maybe\": invalid syntax"],
  ])("refuses ?%s", async (query, body) => {
    expect(await ask(`GET /v1/query/x/execute?${query}`)).toMatchObject({ status: 500, body });
  });
});
