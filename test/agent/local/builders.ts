// Services and check definitions for tests of the agent.

import type { ServiceRegistration } from "../../../shared/structs/registration.ts";
import {
  type CheckDefinition,
  emptyCheck,
  type ServiceDefinition,
} from "../../../shared/structs/service-definition.ts";

export function aCheckDefinition(changes: Partial<CheckDefinition> = {}): CheckDefinition {
  return {
    ...emptyCheck,
    outputBytesMax: 4096,
    ...changes,
  };
}

export function aServiceDefinition(changes: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return {
    id: "",
    name: "web",
    kind: "",
    tags: [],
    address: "",
    taggedAddresses: {},
    meta: {},
    port: 80,
    weights: { Passing: 1, Warning: 1 },
    enableTagOverride: false,
    token: "",
    checks: [],
    ...changes,
  };
}

export function aService(id: string): ServiceRegistration {
  return {
    ID: id,
    Service: id,
    Tags: [],
    Address: "",
    Meta: null,
    Port: 80,
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
    Proxy: { MeshGateway: {}, Expose: {} },
    Connect: {},
  };
}
