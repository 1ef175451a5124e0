import { describe, expect, it } from "vitest";
import { limits } from "../../../../shared/limits.ts";
import { parsePreparedQuery } from "../../../../shared/structs/parse-prepared-query.ts";
import { preparedQueryEndpoints } from "../../../../worker/server/endpoints/prepared-query.ts";

const parsed = parsePreparedQuery({ Name: "q", Service: { Service: "web" } });
const query = parsed.ok ? parsed.value : null;
const request = { datacenter: "", token: "", operation: "create", query };
const apply = preparedQueryEndpoints["PreparedQuery.Apply"];

describe("prepared query endpoints", () => {
  it("take a whole query of a bounded size", () => {
    expect(apply.check(request).ok).toBe(true);
    expect(apply.check({ ...request, operation: "drop" }).ok).toBe(false);
    expect(apply.check({ ...request, query: { ...query, Service: {} } }).ok).toBe(false);
    const long = { ...query, Token: "x".repeat(limits.preparedQueryCharactersMax) };
    expect(apply.check({ ...request, query: long })).toMatchObject({
      ok: false,
      error: { code: "badRequest" },
    });
  });

  it("make the id of a new query, and keep that of one that is there", () => {
    const proposal = { now: 1, uuid: () => "made" };
    const checked = apply.check(request);
    if (!checked.ok) throw new Error("refused");
    expect(apply.command(checked.value, "dc1", proposal)).toMatchObject({ query: { ID: "made" } });
    const replaced = {
      ...checked.value,
      operation: "update",
      query: { ...checked.value.query, ID: "old" },
    } as const;
    expect(apply.command(replaced, "dc1", proposal)).toMatchObject({ query: { ID: "old" } });
  });

  it("shuffle each execution anew and never block", () => {
    const { complete } = preparedQueryEndpoints["PreparedQuery.Execute"];
    const options = {
      datacenter: "",
      token: "",
      consistency: "default",
      minIndex: 9,
      waitMillis: 5,
    } as const;
    const asked = { idOrName: "q", limit: 0, connect: false, agentNode: "", sourceAddress: "", options };
    expect(complete(asked, { datacenter: "dc1", seed: () => 42 })).toMatchObject({
      seed: 42,
      options: { datacenter: "dc1", minIndex: 0, waitMillis: 0 },
    });
  });
});
