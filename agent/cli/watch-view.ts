// What a watch looks at: the type and its parameters to a request, and how the answer is printed.

import { toJson } from "../../shared/base/json.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { pathOf } from "./http-client.ts";
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
    ok({ path, query, print: printPlain });
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
      if (!["", "true", "false"].includes(passing)) return fail(`Invalid value for -passingonly: ${passing}`);
      const query = tags.map((tag) => ["tag", tag] as const);
      const all = passing === "true" ? [...query, ["passing", "1"] as const] : query;
      return ok({
        path: pathOf("/v1/health/service/", service),
        query: all,
        print: (text) => printed((JSON.parse(text) as readonly Row[]).map(shownInstance)),
      });
    }
    case "checks":
      if (service !== "" && state !== "") return fail("Cannot specify service and state");
      return ok({
        path:
          service !== ""
            ? pathOf("/v1/health/checks/", service)
            : pathOf("/v1/health/state/", state === "" ? "any" : state),
        query: [],
        print: (text) => printed((JSON.parse(text) as readonly Row[]).map(shownCheck)),
      });
    default: {
      const name = parameter("name");
      return plain("/v1/event/list", name === "" ? [] : [["name", name]]);
    }
  }
}

function printPlain(text: string): { compact: string; pretty: string } {
  return printed(JSON.parse(text) as unknown);
}

type Row = Readonly<Record<string, unknown>>;

/** A check as Consul's own client prints it: its definition in full. */
function shownCheck(check: Row): Row {
  const given = (check.Definition ?? {}) as Row;
  return { ...check, Definition: { ...emptyDefinition, ...pick(given, Object.keys(emptyDefinition)) } };
}

/** An instance as Consul's own client prints it: its service in the client's order of fields. */
function shownInstance(instance: Row): Row {
  const service = instance.Service as Row;
  const { CreateIndex, ModifyIndex, Proxy: proxy, Connect, ...plain } = service;
  const head = pick(plain, ["Kind", "ID", "Service", "Tags", "Meta", "Port", "Address", "TaggedAddresses"]);
  const shown = { ...head, ...plain, CreateIndex, ModifyIndex, Proxy: proxy, Connect };
  return { ...instance, Service: shown, Checks: (instance.Checks as readonly Row[]).map(shownCheck) };
}

function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(names.filter((name) => name in row).map((name) => [name, row[name]]));
}

const emptyDefinition: Row = {
  Interval: "0s",
  Timeout: "0s",
  DeregisterCriticalServiceAfter: "0s",
  HTTP: "",
  Header: null,
  Method: "",
  Body: "",
  TLSSkipVerify: false,
  TCP: "",
};

function printed(value: unknown): { compact: string; pretty: string } {
  return { compact: JSON.stringify(value), pretty: JSON.stringify(value, null, 4) };
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
