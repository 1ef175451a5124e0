// What a configuration entry must say by itself, and the form in which it is kept; texts of Consul 1.8.7. What it may
// not break in other entries is decided with them at hand: shared/state/config-entries.ts.

import { fail, ok, type Result } from "../base/result.ts";
import { parseGoDuration } from "../base/millis.ts";
import type { ConfigEntry, ConfigEntryOf, ServiceRoute } from "../structs/config-entry.ts";
import { gatewayProblem } from "./validate-gateway.ts";
import { routerProblem } from "./validate-router.ts";

/** The entry as it is kept, or what is wrong with it. */
export function checkedEntry(entry: ConfigEntry): Result<ConfigEntry, string> {
  const kept = normalized(entry);
  const problem = problemOf(kept);
  return problem === null ? ok(kept) : fail(problem);
}

function problemOf(entry: ConfigEntry): string | null {
  switch (entry.Kind) {
    case "service-defaults":
      return entry.Name === "" ? "serviceName is required" : null;
    case "proxy-defaults":
      return null;
    case "service-resolver":
      return entry.Name === "" ? "Name is required" : resolverProblem(entry);
    case "service-splitter":
      return entry.Name === "" ? "Name is required" : splitterProblem(entry);
    case "service-router":
      return entry.Name === "" ? "Name is required" : routerProblem(entry);
    case "ingress-gateway":
    case "terminating-gateway":
      return gatewayProblem(entry);
  }
}

function normalized(entry: ConfigEntry): ConfigEntry {
  switch (entry.Kind) {
    case "proxy-defaults":
      return { ...entry, Name: "global" };
    case "service-defaults":
      return { ...entry, Protocol: entry.Protocol.toLowerCase() };
    case "service-splitter":
      // Weights have two decimals.
      return {
        ...entry,
        Splits:
          entry.Splits?.map((split) => ({ ...split, Weight: Math.round(split.Weight * 100) / 100 })) ?? null,
      };
    case "service-router":
      return { ...entry, Routes: entry.Routes?.map(normalizedRoute) ?? null };
    case "ingress-gateway":
      return {
        ...entry,
        Listeners:
          entry.Listeners?.map((listener) => ({
            ...listener,
            Protocol: listener.Protocol === "" ? "tcp" : listener.Protocol.toLowerCase(),
          })) ?? null,
      };
    default:
      return entry;
  }
}

/** Methods are upper case; only where there are some Consul also fills in the destination's namespace. */
function normalizedRoute(route: ServiceRoute): ServiceRoute {
  const http = route.Match?.HTTP;
  const methods = http?.Methods ?? [];
  if (http === undefined || methods.length === 0) return route;
  const Match = { ...route.Match, HTTP: { ...http, Methods: methods.map((method) => method.toUpperCase()) } };
  const { Destination } = route;
  if (Destination === undefined || (Destination.Namespace ?? "") !== "") return { ...route, Match };
  const { RequestTimeout, Service, ServiceSubset, ...rest } = Destination;
  return {
    Match,
    Destination: {
      ...(RequestTimeout === undefined ? {} : { RequestTimeout }),
      ...(Service === undefined ? {} : { Service }),
      ...(ServiceSubset === undefined ? {} : { ServiceSubset }),
      Namespace: "default",
      ...rest,
    },
  };
}

const subsetForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function resolverProblem(entry: ConfigEntryOf<"service-resolver">): string | null {
  const subsets = entry.Subsets ?? {};
  for (const name of Object.keys(subsets)) {
    if (name === "") return "Subset defined with empty name";
    if (!subsetForm.test(name)) {
      return `Subset ${JSON.stringify(name)} is invalid: must be 63 characters or fewer, begin or end with lower case alphanumeric characters, and contain lower case alphanumeric characters or '-' in between`;
    }
  }
  const isSubset = (name: string) => name === "" || Object.hasOwn(subsets, name);
  const fallback = entry.DefaultSubset ?? "";
  if (!isSubset(fallback)) return `DefaultSubset ${JSON.stringify(fallback)} is not a valid subset`;
  const redirect = redirectProblem(entry);
  if (redirect !== null) return redirect;
  const failover = failoverProblem(entry, isSubset);
  if (failover !== null) return failover;
  const timeout = entry.ConnectTimeout ?? "";
  const parsed = parseGoDuration(timeout === "" ? "0" : timeout);
  return parsed.ok && parsed.value < 0 ? `Bad ConnectTimeout '${timeout}', must be >= 0` : null;
}

function redirectProblem(entry: ConfigEntryOf<"service-resolver">): string | null {
  const { Redirect: redirect, Failover } = entry;
  if (redirect === undefined) return null;
  if (Object.keys(Failover ?? {}).length > 0) return "Redirect and Failover cannot both be set";
  if ((redirect.Service ?? "") === "") {
    if ((redirect.ServiceSubset ?? "") !== "") {
      return "Redirect.ServiceSubset defined without Redirect.Service";
    }
    if ((redirect.Namespace ?? "") !== "") return "Redirect.Namespace defined without Redirect.Service";
    if ((redirect.Datacenter ?? "") === "") return "Redirect is empty";
  }
  return null;
}

function failoverProblem(
  entry: ConfigEntryOf<"service-resolver">,
  isSubset: (name: string) => boolean,
): string | null {
  for (const [subset, failover] of Object.entries(entry.Failover ?? {})) {
    const place = `Bad Failover[${JSON.stringify(subset)}]`;
    if (subset !== "*" && (subset === "" || !isSubset(subset))) return `${place}: not a valid subset`;
    const { Service = "", ServiceSubset = "", Namespace = "", Datacenters = [] } = failover;
    if (Service === "" && ServiceSubset === "" && Namespace === "" && Datacenters.length === 0) {
      return `${place} one of Service, ServiceSubset, Namespace, or Datacenters is required`;
    }
    if (ServiceSubset !== "" && (Service === "" || Service === entry.Name) && !isSubset(ServiceSubset)) {
      return `${place}.ServiceSubset ${JSON.stringify(ServiceSubset)} is not a valid subset of ${JSON.stringify(Service)}`;
    }
    if (Datacenters.includes("")) return `${place}.Datacenters: found empty datacenter`;
  }
  return null;
}

function splitterProblem(entry: ConfigEntryOf<"service-splitter">): string | null {
  const splits = entry.Splits ?? [];
  if (splits.length === 0) return "no splits configured";
  const seen = new Set<string>();
  let hundredths = 0;
  for (const split of splits) {
    const service = split.Service === undefined || split.Service === "" ? entry.Name : split.Service;
    const shown = [service, split.ServiceSubset ?? "", split.Namespace ?? ""].map((part) =>
      JSON.stringify(part),
    );
    const key = shown.join(" ");
    if (seen.has(key)) {
      const [name, subset, namespace] = shown;
      return `split destination occurs more than once: service=${name}, subset=${subset}, namespace=${namespace}`;
    }
    seen.add(key);
    hundredths += Math.round(split.Weight * 100);
  }
  if (hundredths === 10_000) return null;
  return `the sum of all split weights must be 100, not ${(hundredths / 100).toFixed(6)}`;
}
