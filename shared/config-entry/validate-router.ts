// What a service-router must say by itself: its conditions are told apart and its rewrites have something to rewrite.

import type { ConfigEntryOf, HttpMatch, RouteDestination } from "../structs/config-entry.ts";

/** The first thing that is wrong, in Consul's words. */
export function routerProblem(entry: ConfigEntryOf<"service-router">): string | null {
  for (const [at, route] of (entry.Routes ?? []).entries()) {
    const http = route.Match?.HTTP;
    const problem =
      (http === undefined ? null : matchProblem(http)) ?? rewriteProblem(http ?? {}, route.Destination ?? {});
    if (problem !== null) return `Route[${at}] ${problem}`;
  }
  return null;
}

function count(...values: readonly (string | boolean | undefined)[]): number {
  return values.filter((value) => value !== undefined && value !== "" && value !== false).length;
}

function matchProblem(http: HttpMatch): string | null {
  const { PathExact = "", PathPrefix = "", PathRegex = "" } = http;
  if (count(PathExact, PathPrefix, PathRegex) > 1) {
    return "should only contain at most one of PathExact, PathPrefix, or PathRegex";
  }
  if (PathExact !== "" && !PathExact.startsWith("/")) {
    return `PathExact doesn't start with '/': ${JSON.stringify(PathExact)}`;
  }
  if (PathPrefix !== "" && !PathPrefix.startsWith("/")) {
    return `PathPrefix doesn't start with '/': ${JSON.stringify(PathPrefix)}`;
  }
  for (const [at, header] of (http.Header ?? []).entries()) {
    if (header.Name === "") return `Header[${at}] missing required Name field`;
    const { Present, Exact, Prefix, Suffix, Regex } = header;
    if (count(Present, Exact, Prefix, Suffix, Regex) !== 1) {
      return `Header[${at}] should only contain one of Present, Exact, Prefix, Suffix, or Regex`;
    }
  }
  for (const [at, parameter] of (http.QueryParam ?? []).entries()) {
    if (parameter.Name === "") return `QueryParam[${at}] missing required Name field`;
    if (count(parameter.Present, parameter.Exact, parameter.Regex) !== 1) {
      return `QueryParam[${at}] should only contain one of Present, Exact, or Regex`;
    }
  }
  const seen = new Set<string>();
  for (const method of http.Methods ?? []) {
    if (seen.has(method)) return `Methods contains ${JSON.stringify(method)} more than once`;
    seen.add(method);
  }
  return null;
}

function rewriteProblem(http: HttpMatch, destination: RouteDestination): string | null {
  if ((destination.PrefixRewrite ?? "") === "") return null;
  if (count(http.PathExact, http.PathPrefix) > 0) return null;
  return "cannot make use of PrefixRewrite without configuring either PathExact or PathPrefix";
}
