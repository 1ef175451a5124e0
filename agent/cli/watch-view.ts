// What a watch looks at: the type and its parameters to a request, and how the answer is printed.

import { parseGoBoolean } from "../../shared/base/go-number.ts";
import { toJson, toPlainJson } from "../../shared/base/json.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { pathOf } from "./http-client.ts";
import { asClientCheck, asClientInstance, type Row } from "./watch-rows.ts";
import { parseEntries } from "./commands/kv-entries.ts";

export type WatchView = {
  /** Escaped. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Throws when the answer is no JSON. */
  print(text: string): { readonly compact: string; readonly pretty: string };
};

type Parameters = (name: string) => string;

/** Types that Consul has only for watches of configuration files. */
const notHere: readonly string[] = ["connect_roots", "connect_leaf", "connect_proxy_config", "agent_service"];
const allowed: Readonly<Record<string, readonly string[]>> = {
  key: ["key"],
  keyprefix: ["prefix"],
  services: [],
  nodes: [],
  service: ["service", "tag", "passingonly"],
  checks: ["service", "state"],
  event: ["name"],
};

/** The view of `-type` and its parameters; the error is Consul's text. */
export function watchView(parameter: Parameters, tags: readonly string[]): Result<WatchView, string> {
  const type = parameter("type");
  if (type === "") return fail("Watch type must be specified");
  if (notHere.includes(type)) return fail(`Type ${type} is not supported in the CLI tool`);
  const taken = Object.hasOwn(allowed, type) ? allowed[type] : undefined;
  if (taken === undefined) return fail(`Unsupported watch type: ${type}`);
  const given = ["key", "prefix", "service", "state", "name", "passingonly"].filter(
    (name) => parameter(name) !== "",
  );
  if (tags.length > 0) given.push("tag");
  const wrong = given.filter((name) => !taken.includes(name));
  if (wrong.length > 0) return fail(`Invalid parameters: [${wrong.join(" ")}]`);
  return viewOf(type, parameter, tags);
}

function viewOf(type: string, parameter: Parameters, tags: readonly string[]): Result<WatchView, string> {
  const plain = (path: string, query: WatchView["query"] = []): Result<WatchView, string> =>
    ok({ path, query, print: (text) => printed(JSON.parse(text)) });
  const shaped = (path: string, shape: (row: Row) => Row, query: WatchView["query"] = []) =>
    ok({ path, query, print: (text: string) => printed((JSON.parse(text) as Row[]).map(shape)) });
  const [key, prefix, service, state] = ["key", "prefix", "service", "state"].map(parameter) as [
    string,
    string,
    string,
    string,
  ];
  switch (type) {
    case "key":
      if (key === "") return fail("Must specify a single key to watch");
      return ok({ path: pathOf("/v1/kv/", key), query: [], print: (text) => printEntries(text, true) });
    case "keyprefix":
      if (prefix === "") return fail("Must specify a single prefix to watch");
      return ok({
        path: pathOf("/v1/kv/", prefix),
        query: [["recurse", ""]],
        print: (text) => printEntries(text, false),
      });
    case "services":
      return plain("/v1/catalog/services");
    case "nodes":
      return plain("/v1/catalog/nodes");
    case "service": {
      if (service === "") return fail("Must specify a single service to watch");
      const passing = parameter("passingonly");
      const passingOnly = passing === "" ? false : parseGoBoolean(passing);
      if (passingOnly === null) {
        const parsing = `strconv.ParseBool: parsing ${JSON.stringify(passing)}: invalid syntax`;
        return fail(`Failed to parse passingonly flag: ${parsing}`);
      }
      const query = tags.map((tag) => ["tag", tag] as const);
      const all = passingOnly ? [...query, ["passing", "1"] as const] : query;
      return shaped(pathOf("/v1/health/service/", service), asClientInstance, all);
    }
    case "checks":
      if (service !== "" && state !== "") return fail("Cannot specify service and state");
      return service !== ""
        ? shaped(pathOf("/v1/health/checks/", service), asClientCheck)
        : shaped(pathOf("/v1/health/state/", state === "" ? "any" : state), asClientCheck);
    default: {
      const name = parameter("name");
      return plain("/v1/event/list", name === "" ? [] : [["name", name]]);
    }
  }
}

function printed(value: unknown): { compact: string; pretty: string } {
  return { compact: toPlainJson(value), pretty: toPlainJson(value, true).trimEnd() };
}

/** Entries in the order of Consul's own client, their 64-bit flags unrounded; one key is not a list. */
function printEntries(text: string, single: boolean): { compact: string; pretty: string } {
  const entries = text === "null" ? [] : parseEntries(text);
  const shown = entries.map(({ Key, CreateIndex, ModifyIndex, LockIndex, Flags, Value, Session }) => ({
    Key,
    CreateIndex,
    ModifyIndex,
    LockIndex,
    Flags,
    Value: Value ?? "",
    Session: Session ?? "",
  }));
  const value = single ? (shown[0] ?? null) : shown.length === 0 ? null : shown;
  return { compact: toJson(value), pretty: toJson(value, true).trimEnd() };
}
