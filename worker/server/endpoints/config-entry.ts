// ConfigEntry and what is made of the entries: discovery chains, the services of gateways, and nodes with all on them.

import { fail, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import { isConfigKind } from "../../../shared/structs/config-entry.ts";
import { parseConfigEntry } from "../../../shared/structs/parse-config-entry.ts";
import type { ServerId } from "../../../shared/raft/types.ts";
import { serverNodeId } from "../members.ts";
import type { Endpoints } from "./endpoint.ts";
import { count, object, oneOf, queryOptions, requestOf, text } from "./request-shape.ts";

type ApplyRequest = RpcRequest<"ConfigEntry.Apply">;

const kind = (value: unknown) => typeof value === "string" && isConfigKind(value);

const applyShape = requestOf<ApplyRequest>({
  datacenter: text,
  token: text,
  operation: oneOf("set", "cas", "delete"),
  entry: object({ Kind: kind, Name: text }),
  modifyIndex: count,
});

function checkApply(request: unknown): Result<ApplyRequest, ServerError> {
  const shaped = applyShape(request);
  if (!shaped.ok || shaped.value.operation === "delete") return shaped;
  const { entry } = shaped.value;
  if (JSON.stringify(entry).length > limits.configEntryCharactersMax) {
    const most = String(limits.configEntryCharactersMax);
    return fail(serverError("badRequest", `a config entry has at most ${most} characters`));
  }
  // The state machine relies on the shape of the kind; an entry that was decoded once decodes to itself.
  const decoded = parseConfigEntry(entry);
  if (!decoded.ok) return fail(serverError("badRequest", decoded.error));
  return { ok: true, value: { ...shaped.value, entry: decoded.value } };
}

/** The id of the mesh's cluster: there is no certificate authority yet that would make one, so it follows the name. */
function trustDomain(datacenter: string): string {
  return `${serverNodeId(datacenter, "connect" as ServerId)}.consul`;
}

export const configEntryEndpoints = {
  "ConfigEntry.Apply": {
    kind: "write",
    check: checkApply,
    // Consul writes entries in the primary datacenter whatever ?dc says.
    datacenter: () => "",
    command: ({ operation, entry, modifyIndex }, datacenter) => ({
      kind: "configEntry",
      operation,
      entry,
      modifyIndex,
      datacenter,
    }),
  },
  "ConfigEntry.Get": {
    kind: "read",
    check: requestOf({ options: queryOptions, entryKind: kind, name: text }),
  },
  "ConfigEntry.List": {
    kind: "read",
    check: requestOf({ options: queryOptions, entryKind: (value) => value === "" || kind(value) }),
  },
  "DiscoveryChain.Get": {
    kind: "read",
    check: requestOf({
      options: queryOptions,
      service: text,
      evaluateIn: text,
      overrides: object({ protocol: text, meshGatewayMode: text, connectTimeout: text }),
    }),
    complete: (request, { datacenter }) => ({
      ...request,
      evaluateIn: request.evaluateIn === "" ? datacenter : request.evaluateIn,
      trustDomain: trustDomain(datacenter),
    }),
  },
  "Catalog.GatewayServices": { kind: "read", check: requestOf({ options: queryOptions, gateway: text }) },
  "Internal.NodeDump": { kind: "read", check: requestOf({ options: queryOptions, node: text }) },
} satisfies Partial<Endpoints>;
