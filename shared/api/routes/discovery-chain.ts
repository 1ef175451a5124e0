// /v1/discovery-chain/:service: what the configuration entries make of a service.

import { parseGoJson } from "../../base/go-json.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { type ServerError, serverError } from "../../errors.ts";
import { limits } from "../../limits.ts";
import type { ChainOverrides } from "../../structs/discovery-chain.ts";
import { decodeWeakly, type Shape } from "../../structs/weak-decoder.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { cachedCall, withHeaders } from "../cached-read.ts";
import { parseQueryOptions } from "../params.ts";
import { errorReply, failedQueryReply, queryReply } from "../reply.ts";

const path = "/v1/discovery-chain/:service";

/** The routes of this area. */
export const discoveryChainRoutes: readonly Route[] = [
  { method: "GET", path, summary: "Discovery chain of a service", handle: plain },
  { method: "POST", path, summary: "Discovery chain with overrides", handle: overridden },
];

const noOverrides: ChainOverrides = { protocol: "", meshGatewayMode: "", connectTimeout: "" };

async function plain(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  return chain(request, context, noOverrides);
}

async function overridden(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const overrides = await readOverrides(request);
  return overrides.ok ? chain(request, context, overrides.value) : errorReply(overrides.error);
}

async function chain(
  request: HttpRequest,
  context: ApiContext,
  overrides: ChainOverrides,
): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const service = request.params.service ?? "";
  if (service === "") return errorReply(serverError("badRequest", "Bad request: Missing chain name"));
  const evaluateIn = request.query("compile-dc") ?? "";
  const call = { service, evaluateIn, overrides, options: options.value };
  const asked = await cachedCall(request, context, "refreshed", "DiscoveryChain.Get", call);
  const { result } = asked;
  if (!result.ok) return failedQueryReply(result.error);
  const { meta, value } = result.value;
  if (!value.ok) return failedQueryReply(value.error);
  const reply = queryReply(request, context, ok({ meta, value: value.value }), (Chain) => ({ Chain }));
  return withHeaders(reply, asked.headers);
}

const text: Shape = { kind: "text" };
const overridesShape: Shape = {
  kind: "struct",
  absent: "empty",
  fields: [
    { name: "OverrideProtocol", shape: text, shown: "always" },
    { name: "OverrideConnectTimeout", shape: { kind: "duration" }, shown: "always" },
    {
      name: "OverrideMeshGateway",
      shape: {
        kind: "struct",
        absent: "empty",
        fields: [{ name: "Mode", shape: { kind: "text", type: "structs.MeshGatewayMode" }, shown: "always" }],
      },
      shown: "always",
    },
  ],
};

const decoder = new TextDecoder();

/** Unknown fields are ignored here, as Consul does. */
async function readOverrides(request: HttpRequest): Promise<Result<ChainOverrides, ServerError>> {
  const body = await request.body(limits.requestBodyBytesMax, "http_config");
  if (!body.ok) return body;
  const parsed = parseGoJson(decoder.decode(body.value));
  const known = parsed.ok ? ok(knownFields(parsed.value)) : parsed;
  const decoded = known.ok ? decodeWeakly(overridesShape, known.value) : known;
  if (!decoded.ok) {
    return fail(serverError("badRequest", `Bad request: Request decoding failed: ${decoded.error}`));
  }
  // The shape made it so.
  const { OverrideProtocol, OverrideConnectTimeout, OverrideMeshGateway } = decoded.value as {
    OverrideProtocol: string;
    OverrideConnectTimeout: string;
    OverrideMeshGateway: { Mode: string };
  };
  if (!["", "none", "local", "remote"].includes(OverrideMeshGateway.Mode)) {
    return fail(serverError("badRequest", "Invalid OverrideMeshGateway.Mode parameter"));
  }
  return ok({
    protocol: OverrideProtocol,
    // Consul takes no notice of one below zero.
    connectTimeout: OverrideConnectTimeout.startsWith("-") ? "" : OverrideConnectTimeout,
    meshGatewayMode: OverrideMeshGateway.Mode,
  });
}

function knownFields(value: unknown): unknown {
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const known = Object.entries(value).filter(([name]) =>
    /^override_?(protocol|connect_?timeout|mesh_?gateway)$/i.test(name),
  );
  return Object.fromEntries(
    known.map(([name, inner]) => [name, /mesh/i.test(name) ? onlyMode(inner) : (inner as unknown)]),
  );
}

function onlyMode(gateway: unknown): unknown {
  if (typeof gateway !== "object" || gateway === null || Array.isArray(gateway)) return gateway;
  return Object.fromEntries(Object.entries(gateway).filter(([name]) => name.toLowerCase() === "mode"));
}
