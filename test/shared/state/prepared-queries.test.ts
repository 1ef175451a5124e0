import { describe, expect, it } from "vitest";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import { fail } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import { executeQuery, removeQueriesOfSession } from "../../../shared/state/prepared-queries.ts";
import { stateTransaction } from "../../../shared/state/indexes.ts";
import { parsePreparedQuery } from "../../../shared/structs/parse-prepared-query.ts";
import { check, read, service, testState } from "../../support/state-builders.ts";

const ids = ["a", "b", "c"].map((letter) => `${letter.repeat(8)}-1111-1111-1111-111111111111`);
const [first = "", second = "", third = ""] = ids;

function world() {
  const state = testState();
  let index = 100;
  const apply = (operation: "create" | "update" | "delete", ID: string, body: object = {}) => {
    const parsed = parsePreparedQuery({ ID, ...body });
    if (!parsed.ok) throw new Error(parsed.error);
    const query = parsed.value;
    index += 1;
    return applyCommand(state.sql, index, encodeCommand({ kind: "preparedQuery", operation, query }));
  };
  const text = (applied: ReturnType<typeof apply>) =>
    applied.result.ok ? "ok" : String(applied.result.error.args[0]);
  const execute = (idOrName: string, over: object = {}) => {
    const asked = {
      idOrName,
      limit: 0,
      connect: false,
      agentNode: "",
      sourceAddress: "",
      near: "",
      datacenter: "dc1",
      seed: 7,
      ...over,
    };
    const { value } = executeQuery(state.sql, asked);
    return value.ok ? value.value.Nodes.map((row) => row.Node.Node).join("") : value.error.args[0];
  };
  return { state, apply, text, execute };
}

const web = { Service: "web" };
const template = { Type: "name_prefix_match" };

describe("prepared queries", () => {
  it("are created, replaced, listed and deleted with their indexes", () => {
    const { state, apply, text } = world();
    expect(apply("create", second, { Name: "two", Service: web }).changed).toEqual([
      "queries:",
      `query:${second}`,
    ]);
    apply("create", first, { Name: "one", Service: web });
    apply("update", second, { Name: "two", Service: { Service: "db" } });
    const list = read(state.sql, "PreparedQuery.List", {});
    expect(list).toMatchObject({
      index: 103,
      value: [
        { ID: first, CreateIndex: 102 },
        { ID: second, Service: { Service: "db" }, CreateIndex: 101, ModifyIndex: 103 },
      ],
    });
    apply("delete", second);
    expect(read(state.sql, "PreparedQuery.List", {})).toMatchObject({ index: 104, value: [{ ID: first }] });
    expect(read(state.sql, "PreparedQuery.Get", { id: second }).value).toEqual(
      fail(serverError("notFound", "Query not found")),
    );
    expect(text(apply("delete", second))).toBe(`Cannot modify non-existent prepared query: '${second}'`);
    expect(text(apply("update", "nope", { Name: "x", Service: web }))).toBe(
      "Prepared Query lookup failed: failed prepared query lookup: index error: UUID must be 36 characters",
    );
  });

  it("have names of their own, and no other query's id for a name", () => {
    const { apply, text } = world();
    apply("create", first, { Name: "one", Service: web });
    expect(text(apply("create", second, { Name: "ONE", Service: web }))).toBe(
      "name 'ONE' aliases an existing query name",
    );
    expect(text(apply("create", second, { Name: first, Service: web }))).toBe(
      `name '${first}' aliases an existing query ID`,
    );
    expect(text(apply("create", second, { Name: "", Template: template, Service: web }))).toBe("ok");
    expect(text(apply("create", third, { Name: "", Template: template, Service: web }))).toBe(
      "a query template with an empty name already exists",
    );
    expect(text(apply("update", first, { Name: "one", Service: { Service: "db" } }))).toBe("ok");
  });

  it("are found by id, by name in any case, and by the longest template", () => {
    const { state, apply } = world();
    apply("create", first, {
      Name: "geo-",
      Template: template,
      Service: { Service: "short-${name.suffix}" },
    });
    apply("create", second, {
      Name: "geo-db-",
      Template: template,
      Service: { Service: "long-${name.suffix}" },
    });
    apply("create", third, { Name: "geo-db-x", Service: { Service: "static" } });
    const explain = (idOrName: string) => {
      const { value } = read(state.sql, "PreparedQuery.Explain", { idOrName });
      return value.ok ? value.value.Service.Service : value.error.args[0];
    };
    expect(explain("geo-web")).toBe("short-web");
    expect(explain("geo-db-y")).toBe("long-y");
    expect(explain("GEO-DB-X")).toBe("static");
    expect(explain(third)).toBe("static");
    expect(explain("other")).toBe("Query not found");
    expect(explain(first)).toBe("prepared query templates can only be resolved up by name, not by ID");
  });

  it("give out healthy instances, shuffled, near ones first, and as many as are wanted", () => {
    const { state, apply, execute } = world();
    for (const node of ["a", "b", "c", "d"]) {
      state.register(node, {
        Address: `10.0.0.${node.charCodeAt(0)}`,
        Service: service("web"),
        Checks: [check(`${node}:c`, { ServiceID: "web", Status: node === "d" ? "critical" : "passing" })],
      });
    }
    const updates = [0.5, 0.1, 0.4].map((x, at) => ({
      Node: "abc"[at] ?? "",
      Segment: "",
      Coord: { Vec: [x, 0, 0, 0, 0, 0, 0, 0], Error: 1, Adjustment: 0, Height: 0 },
    }));
    applyCommand(state.sql, 90, encodeCommand({ kind: "coordinates", updates }));
    apply("create", first, { Name: "q", Service: { ...web, Near: "_agent" } });
    expect([...(execute("q") ?? "")].sort().join("")).toBe("abc");
    expect(new Set(Array.from({ length: 40 }, (_, seed) => execute("q", { seed }))).size).toBeGreaterThan(3);
    expect(execute("q", { agentNode: "b" })).toBe("bca");
    expect(execute("q", { agentNode: "b", near: "a" })).toBe("acb");
    expect(execute("q", { near: "_ip", sourceAddress: "10.0.0.99" })).toBe("cab");
    expect(execute("q", { near: "a", limit: 2 })).toBe("ac");
    expect(execute("q", { connect: true })).toBe("");
    const proxy = service("p", { Kind: "connect-proxy", Proxy: { DestinationServiceName: "web" } });
    state.register("e", { Service: proxy });
    expect(execute("q", { connect: true })).toBe("e");
    expect(execute("unknown")).toBe("Query not found");
  });

  it("go with the session that they are bound to", () => {
    const { state, apply, text } = world();
    expect(text(apply("create", first, { Name: "x", Service: web, Session: "nope" }))).toBe(
      "invalid session: index error: UUID must be 36 characters",
    );
    apply("create", first, { Name: "x", Service: web });
    const transaction = stateTransaction(state.sql, 200);
    removeQueriesOfSession(transaction, "");
    expect(transaction.changed.size).toBe(0);
    expect(read(state.sql, "PreparedQuery.List", {}).value.length).toBe(1);
  });
});
