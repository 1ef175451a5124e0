// What the catalog and health endpoints say of the service mesh: the services of gateways, the proxies, native instances
// and terminating gateways of a service, and the ingress gateways that lead to it.

import { serverError } from "../../errors.ts";
import type { ApiContext, HttpReply, HttpRequest, Route } from "../http.ts";
import { parseDiscoveryOptions } from "../params.ts";
import { errorReply, queryReply } from "../reply.ts";
import { readServiceNodes } from "./catalog.ts";
import { readHealthyNodes } from "./health.ts";

/** The routes of this area. */
export const meshCatalogRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/catalog/gateway-services/:gateway",
    summary: "Services of a gateway",
    handle: gatewayServices,
  },
  {
    method: "GET",
    path: "/v1/catalog/connect/:service",
    summary: "Mesh-capable instances of a service",
    handle: (request, context) => readServiceNodes(request, context, true),
  },
  {
    method: "GET",
    path: "/v1/health/connect/:service",
    summary: "Mesh-capable instances with checks",
    handle: (request, context) => readHealthyNodes(request, context, "mesh"),
  },
  {
    method: "GET",
    path: "/v1/health/ingress/:service",
    summary: "Ingress gateways of a service with checks",
    handle: (request, context) => readHealthyNodes(request, context, "ingress"),
  },
];

async function gatewayServices(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseDiscoveryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const gateway = request.params.gateway ?? "";
  if (gateway === "") return errorReply(serverError("badRequest", "Missing gateway name"));
  const call = { gateway, options: options.value };
  const result = await context.backend.call("Catalog.GatewayServices", call, request.cancellation);
  return queryReply(request, context, result);
}
