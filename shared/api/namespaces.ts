// Namespaces are Consul Enterprise's. A request for the one that there is, "default", is answered; any other is refused
// in the words of the free Consul, so that nobody reads or writes another namespace than the one that was asked for.

import { type ServerError, serverError } from "../errors.ts";

const defaultNamespace = "default";

/** Routes that have a namespace (seen in Consul 1.8.7); elsewhere the parameter is unknown and left alone. */
const namespaced =
  /^\/v1\/(catalog\/(?!nodes$|datacenters$)|health\/|agent\/(services|checks|service|check|health)(\/|$)|session\/|kv\/|config(\/|$)|discovery-chain\/|internal\/ui\/)/;

/** What is wrong with the namespace that a request names; null when nothing is. `place` is the route's path. */
export function namespaceProblem(
  place: string,
  parameter: string | undefined,
  header: string | undefined,
): ServerError | null {
  const isOther = (name: string | undefined) =>
    name !== undefined && name !== "" && name !== defaultNamespace;
  if (!isOther(parameter) && !isOther(header)) return null;
  if (!namespaced.test(place)) return null;
  const what = isOther(header) ? 'header: "X-Consul-Namespace"' : 'query parameter: "ns"';
  return serverError(
    "badRequest",
    `Bad request: Invalid ${what} - Namespaces are a Consul Enterprise feature`,
  );
}
