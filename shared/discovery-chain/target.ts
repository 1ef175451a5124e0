// Targets of a discovery chain: one set of instances of a service in one datacenter, and its names.

import type { ChainTarget } from "../structs/discovery-chain.ts";

export const defaultNamespace = "default";

/** A target before anything is known about it but where it is. */
export type TargetPlace = {
  readonly service: string;
  readonly subset: string;
  readonly namespace: string;
  readonly datacenter: string;
};

/** "v1.web.default.dc1": how nodes of the chain name a target. */
export function targetId(place: TargetPlace): string {
  const own = `${place.service}.${place.namespace}.${place.datacenter}`;
  return place.subset === "" ? own : `${place.subset}.${own}`;
}

/** Another place as seen from this one: another service starts without a subset, the rest is kept where it is not given. */
export function movedTo(
  from: TargetPlace,
  to: { Service?: string; ServiceSubset?: string; Namespace?: string; Datacenter?: string },
): TargetPlace {
  const service = filled(to.Service) ?? from.service;
  const kept = service === from.service ? from.subset : "";
  return {
    service,
    subset: filled(to.ServiceSubset) ?? kept,
    namespace: filled(to.Namespace) ?? from.namespace,
    datacenter: filled(to.Datacenter) ?? from.datacenter,
  };
}

/** Null for absent and for "". */
export function filled(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}

/** The target as the API shows it. */
export function shownTarget(
  place: TargetPlace,
  details: {
    readonly subset: ChainTarget["Subset"];
    readonly mode: string;
    readonly externalSni: string;
    readonly trustDomain: string;
  },
): ChainTarget {
  const name = `${targetId(place)}.internal.${details.trustDomain}`;
  return {
    ID: targetId(place),
    Service: place.service,
    ...(place.subset === "" ? {} : { ServiceSubset: place.subset }),
    Namespace: place.namespace,
    Datacenter: place.datacenter,
    MeshGateway: details.mode === "" ? {} : { Mode: details.mode },
    Subset: details.subset,
    ...(details.externalSni === "" ? {} : { External: true }),
    SNI: details.externalSni === "" ? name : details.externalSni,
    Name: name,
  };
}
