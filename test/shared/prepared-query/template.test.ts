import { describe, expect, it } from "vitest";
import { interpolate } from "../../../shared/prepared-query/interpolate.ts";
import { eligibleInstances, nodeFirst, shuffled } from "../../../shared/prepared-query/select.ts";
import { compileTemplate, renderTemplate } from "../../../shared/prepared-query/template.ts";
import { queryProblem } from "../../../shared/prepared-query/validate.ts";
import { parsePreparedQuery } from "../../../shared/structs/parse-prepared-query.ts";
import type { PreparedQueryFields } from "../../../shared/structs/prepared-query.ts";
import { check, instance } from "../../agent/dns/support.ts";

function query(body: object): PreparedQueryFields {
  const parsed = parsePreparedQuery(body);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
const template = (Name: string, Service: object, over: object = {}) =>
  query({ Name, Service: { Service: "x", ...Service }, Template: { Type: "name_prefix_match", ...over } });

describe("texts with ${}", () => {
  const scope = {
    variables: { "name.full": "geo-web", "agent.segment": "" },
    match: (group: number) => ["geo-web", "web"][group] ?? "",
  };
  const value = (text: string) => interpolate(text, scope);

  it.each([
    ["plain $ {x} }", "plain $ {x} }"],
    ["${name.full}!", "geo-web!"],
    ["${ match( 1 ) }", "web"],
    ['${match(1.5)}${match("0")}${match(9)}${match(-1)}', "webgeo-web"],
    ["$${name.full}", "${name.full}"],
    ["${5} ${1.50}", "5 1.5"],
    ['${"a${name.full}\\"b"}', 'ageo-web"b'],
  ])("render %s", (text, expected) => expect(value(text)).toEqual({ ok: true, value: expected }));

  it.each([
    ["${name.full", "format", "parse error: syntax error"],
    ["${}", "format", "parse error: syntax error"],
    ['${"a}', "format", "parse error: syntax error"],
    ["a${bad.var}", "evaluation", "1:4: unknown variable accessed: bad.var"],
    ["${upper(name.full)}", "evaluation", "1:3: unknown function called: upper"],
    ["a ${match(1,2)}", "evaluation", "1:5: match: expected 1 arguments, got 2"],
    [
      "${match(name.full)}",
      "evaluation",
      '__builtin_StringToInt: strconv.ParseInt: parsing "geo-web": invalid syntax',
    ],
  ])("say what is wrong with %s", (text, kind, problem) =>
    expect(value(text)).toEqual({ ok: false, error: { kind, text: problem } }),
  );

  it("end for a text that nests without end", () => {
    expect(value('${"'.repeat(5_000)).ok).toBe(false);
    expect(value(`\${${"match(".repeat(5_000)}`).ok).toBe(false);
  });
});

describe("a template", () => {
  it("renders every text of the service for the name that was asked for", () => {
    const own = template(
      "m1",
      {
        Service: "${match(1)}-${match(2)}-${match(9)}",
        Tags: ["${name.full}", "${match(2)}"],
        NodeMeta: { k: "${name.prefix}" },
        ServiceMeta: { a: "${name.suffix}" },
        Failover: { Datacenters: ["${match(1)}"] },
        Near: "${name.full}",
        IgnoreCheckIDs: ["${name.full}"],
      },
      { Regexp: "^m1(.*)-(.*)$", RemoveEmptyTags: true },
    );
    expect(renderTemplate(own, "m1web-foo")).toMatchObject({
      value: {
        Service: {
          Service: "web-foo-",
          Failover: { Datacenters: ["web"] },
          IgnoreCheckIDs: ["m1web-foo"],
          Near: "m1web-foo",
          Tags: ["m1web-foo", "foo"],
          NodeMeta: { k: "m1" },
          ServiceMeta: { a: "web-foo" },
        },
      },
    });
    // In another case: found, but neither cut nor matched.
    expect(renderTemplate(own, "M1WEB-foo")).toMatchObject({
      value: { Service: { Service: "--", Tags: ["M1WEB-foo"], ServiceMeta: { a: "M1WEB-foo" } } },
    });
  });

  it("says where it cannot be rendered", () => {
    const text = (own: PreparedQueryFields) => {
      const result = compileTemplate(own);
      return result.ok ? "" : result.error;
    };
    expect(text(template("f", { Tags: ["ok", "${bad}"] }))).toBe(
      "Bad evaluation for '${bad}' in Service.Tags[1]: 1:3: unknown variable accessed: bad",
    );
    expect(text(template("f", { Service: "${" }))).toBe(
      "Bad format '${' in Service.Service: parse error: syntax error",
    );
    expect(text(template("f", {}, { Regexp: "(" }))).toBe(
      "Bad Regexp: error parsing regexp: missing closing ): `(`",
    );
  });

  it("is not held up by an expression made to run for ever", () => {
    const evil = template("a", { Service: "${match(1)}" }, { Regexp: "^(a+)+$" });
    expect(renderTemplate(evil, `${"a".repeat(5_000)}!`)).toMatchObject({ ok: true });
  });
});

describe("what a query must say", () => {
  const problem = (body: object) => queryProblem(query(body));
  const web = { Service: "web" };
  it.each([
    [{}, "Must be bound to a session"],
    [{ Name: "x" }, "Must provide a Service name to query"],
    [{ Name: "x", Service: { ...web, Failover: { NearestN: -1 } } }, "Bad NearestN '-1', must be >= 0"],
    [{ Name: "x", Service: web, DNS: { TTL: "-5s" } }, "DNS TTL '-5000000000', must be >=0"],
    [{ Name: "x", Service: web, DNS: { TTL: "abc" } }, "Bad DNS TTL 'abc': time: invalid duration \"abc\""],
    [
      { Name: "x", Service: { ...web, NodeMeta: { "a b": "c" } } },
      "Couldn't load metadata pair ('a b', 'c'): Key contains invalid characters",
    ],
  ])("%j", (body, text) => expect(problem(body)).toBe(`Invalid prepared query: ${text}`));

  it("knows one type of template", () => {
    expect(problem({ Name: "x", Service: web, Template: { Type: "bogus" } })).toBe(
      "failed compiling template: Bad Template.Type 'bogus'",
    );
    expect(problem({ Name: "x", Service: web, Template: { Regexp: "(" } })).toBe(null);
  });

  it("is decoded with Go's texts", () => {
    const text = (body: unknown) => {
      const parsed = parsePreparedQuery(body);
      return parsed.ok ? "" : parsed.error;
    };
    expect(text({ Service: { Bogus: 1 } })).toBe('json: unknown field "Bogus"');
    expect(text({ Service: { Failover: { NearestN: "x" } } })).toBe(
      "json: cannot unmarshal string into Go struct field QueryDatacenterOptions.Service.Failover.NearestN of type int",
    );
  });
});

describe("the instances of a query", () => {
  const all = [
    instance("a", "10.0.0.1", { service: "web", tags: ["V1", "prod"], checks: [check("passing", "web")] }),
    instance("b", "10.0.0.2", { service: "web", tags: ["v1"], checks: [check("warning", "web")] }),
    instance("c", "10.0.0.3", { service: "web", tags: ["v2"], checks: [check("critical", "web")] }),
  ];
  const names = (service: object) =>
    eligibleInstances(all, query({ Service: { Service: "web", ...service } }).Service).map(
      (one) => one.Node.Node,
    );

  it("are not critical, or all passing, whatever the ignored checks say", () => {
    expect(names({})).toEqual(["a", "b"]);
    expect(names({ OnlyPassing: true })).toEqual(["a"]);
    expect(names({ OnlyPassing: true, IgnoreCheckIDs: ["c"] })).toEqual(["a", "b", "c"]);
  });

  it("have all wanted tags and none of the unwanted, in any case", () => {
    expect(names({ Tags: ["v1"] })).toEqual(["a", "b"]);
    expect(names({ Tags: ["v1", "!PROD"] })).toEqual(["b"]);
    expect(names({ NodeMeta: { zone: "a" } })).toEqual([]);
  });

  it("are shuffled by a seed, and the asked node comes first", () => {
    const items = Array.from({ length: 50 }, (_, n) => n);
    expect(shuffled(items, 1)).toEqual(shuffled(items, 1));
    expect(shuffled(items, 1)).not.toEqual(shuffled(items, 2));
    expect(shuffled(items, 3).sort((a, b) => a - b)).toEqual(items);
    expect(nodeFirst(all, "c").map((one) => one.Node.Node)).toEqual(["c", "a", "b"]);
  });
});
