// Templates of prepared queries: one definition for all names that begin like it. Every text of the service part is
// rendered with the name that was asked for (Consul: "Prepared Query Templates").

import { compileGoRegexp, type GoRegexp } from "../base/regexp.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { PreparedQueryFields, ServiceQuery } from "../structs/prepared-query.ts";
import { interpolate, type Problem, type Scope } from "./interpolate.ts";

/** Checks a template by rendering it for its own name, as Consul does; the error says where and what. */
export function compileTemplate(query: PreparedQueryFields): Result<true, string> {
  const rendered = renderTemplate(query, query.Name);
  return rendered.ok ? ok(true) : rendered;
}

/** The query for one name. Groups of a Regexp that does not match are empty, and the query is executed all the same. */
export function renderTemplate<Q extends PreparedQueryFields>(query: Q, name: string): Result<Q, string> {
  const regexp = compileRegexp(query.Template.Regexp);
  if (!regexp.ok) return regexp;
  const scope = scopeOf(query, name, regexp.value);
  const render = (place: string, text: string): string => {
    const value = interpolate(text, scope);
    if (!value.ok) throw new RenderProblem(problemText(value.error, text, place));
    return value.value;
  };
  try {
    return ok({ ...query, Service: renderService(query.Service, query.Template.RemoveEmptyTags, render) });
  } catch (problem) {
    if (problem instanceof RenderProblem) return fail(problem.message);
    throw problem;
  }
}

/** Ends a rendering at the first text that cannot be rendered. */
class RenderProblem extends Error {}

function compileRegexp(source: string): Result<GoRegexp | null, string> {
  if (source === "") return ok(null);
  const regexp = compileGoRegexp(source);
  return regexp.ok ? regexp : fail(`Bad Regexp: ${regexp.error}`);
}

function scopeOf(query: PreparedQueryFields, name: string, regexp: GoRegexp | null): Scope {
  const prefix = query.Name;
  const groups = regexp?.exec(name) ?? null;
  return {
    variables: {
      "name.full": name,
      "name.prefix": prefix,
      // Found without regard to case, cut only when the case is the same: so does Consul.
      "name.suffix": name.startsWith(prefix) ? name.slice(prefix.length) : name,
      "agent.segment": "",
    },
    match: (group) => groups?.[group] ?? "",
  };
}

function problemText(problem: Problem, text: string, place: string): string {
  const what = problem.kind === "format" ? "format" : "evaluation for";
  return `Bad ${what} '${text}' in ${place}: ${problem.text}`;
}

function renderService(
  service: ServiceQuery,
  removeEmptyTags: boolean,
  render: (place: string, text: string) => string,
): ServiceQuery {
  const list = (place: string, texts: readonly string[] | null) =>
    texts?.map((text, at) => render(`${place}[${at}]`, text)) ?? null;
  const map = (place: string, values: Readonly<Record<string, string>> | null) =>
    values === null
      ? null
      : Object.fromEntries(
          Object.entries(values).map(([key, value]) => [key, render(`${place}[${key}]`, value)]),
        );
  const tags = (texts: readonly string[] | null) =>
    removeEmptyTags ? (texts?.filter((tag) => tag !== "") ?? null) : texts;
  return {
    Service: render("Service.Service", service.Service),
    Failover: {
      NearestN: service.Failover.NearestN,
      Datacenters: list("Service.Failover.Datacenters", service.Failover.Datacenters),
    },
    OnlyPassing: service.OnlyPassing,
    IgnoreCheckIDs: list("Service.IgnoreCheckIDs", service.IgnoreCheckIDs),
    Near: render("Service.Near", service.Near),
    Tags: tags(list("Service.Tags", service.Tags)),
    NodeMeta: map("Service.NodeMeta", service.NodeMeta),
    ServiceMeta: map("Service.ServiceMeta", service.ServiceMeta),
    Connect: service.Connect,
  };
}
