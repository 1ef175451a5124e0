// What ingress and terminating gateways must say by themselves.

import type {
  ConfigEntryOf,
  IngressListener,
  IngressService,
  LinkedService,
} from "../structs/config-entry.ts";

/** The first thing that is wrong, in Consul's words. */
export function gatewayProblem(
  entry: ConfigEntryOf<"ingress-gateway"> | ConfigEntryOf<"terminating-gateway">,
): string | null {
  if (entry.Kind === "ingress-gateway") {
    const problem = ingressProblem(entry.Listeners ?? [], entry.TLS?.Enabled === true);
    // Consul finds this while it writes.
    const nameless = entry.Name === "" ? "failed inserting config entry: object missing primary index" : null;
    return problem ?? nameless;
  }
  const problem = terminatingProblem(entry.Services ?? []);
  return problem ?? (entry.Name === "" ? "serviceName is required" : null);
}

function ingressProblem(listeners: readonly IngressListener[], hasTls: boolean): string | null {
  const ports = new Set<number>();
  for (const listener of listeners) {
    if (ports.has(listener.Port)) return `port ${listener.Port} declared on two listeners`;
    ports.add(listener.Port);
    const problem = listenerProblem(listener, hasTls);
    if (problem !== null) return problem;
  }
  return null;
}

function listenerProblem(listener: IngressListener, hasTls: boolean): string | null {
  const { Port, Protocol } = listener;
  const services = listener.Services ?? [];
  const place = `(listener on port ${Port})`;
  if (!["tcp", "http", "http2", "grpc"].includes(Protocol)) {
    return `protocol must be 'tcp', 'http', 'http2', or 'grpc'. '${Protocol}' is an unsupported protocol`;
  }
  if (services.length === 0) return `No service declared for listener with port ${Port}`;
  if (Protocol === "tcp" && services.length > 1) {
    return `Multiple services per listener are only supported for protocol = 'http' ${place}`;
  }
  const hosts = new Set<string>();
  for (const service of services) {
    const problem = serviceProblem(service, Protocol, place) ?? hostsProblem(service, hosts, place, hasTls);
    if (problem !== null) return problem;
  }
  return null;
}

function serviceProblem(service: IngressService, protocol: string, place: string): string | null {
  if (protocol === "tcp" && service.Name === "*") {
    return `Wildcard service name is only valid for protocol = 'http' ${place}`;
  }
  const hosts = service.Hosts ?? [];
  if (protocol === "tcp" && hosts.length > 0)
    return `Associating hosts to a service is not supported for the tcp protocol ${place}`;
  if (service.Name === "") return `Service name cannot be blank ${place}`;
  if (hosts.length === 0) return null;
  return service.Name === "*" ? `Associating hosts to a wildcard service is not supported ${place}` : null;
}

function hostsProblem(
  service: IngressService,
  seen: Set<string>,
  place: string,
  hasTls: boolean,
): string | null {
  for (const host of service.Hosts ?? []) {
    if (seen.has(host)) return `Hosts must be unique within a specific listener ${place}`;
    seen.add(host);
    const bare = host.startsWith("*.") ? host.slice(2) : host;
    if (host === "*" && hasTls) {
      return "Host '*' is not allowed when TLS is enabled, all hosts must be valid DNS records to add as a DNSSAN";
    }
    if (host === "*") continue;
    if (bare.includes("*")) {
      return `Host ${JSON.stringify(host)} is not valid, a wildcard specifier is only allowed as the leftmost label`;
    }
    if (bare === "" || bare.length > 255 || bare.split(".").some((label) => label.length > 63)) {
      return `Host ${JSON.stringify(host)} must be a valid DNS hostname`;
    }
  }
  return null;
}

function terminatingProblem(services: readonly LinkedService[]): string | null {
  const seen = new Set<string>();
  for (const service of services) {
    const name = JSON.stringify(service.Name);
    if (service.Name === "") return "Service name cannot be blank.";
    if (seen.has(service.Name)) return `Service ${name} was specified more than once within a namespace`;
    seen.add(service.Name);
    const { CAFile = "", CertFile = "", KeyFile = "" } = service;
    const hasKeyPair = CertFile !== "" || KeyFile !== "";
    if (hasKeyPair && (CAFile === "" || CertFile === "" || KeyFile === "")) {
      return `Service ${name} must have a CertFile, CAFile, and KeyFile specified for TLS origination`;
    }
  }
  return null;
}
