// A service or check as an agent is told of it: the body of /v1/agent/service/register and of configuration files.
// The parsers accept Consul's spellings (PascalCase and snake_case, any case) and give Consul's error texts.

import type { Millis } from "../base/brand.ts";
import type { ServiceAddress, Weights } from "./service.ts";

/** Exactly one of http, tcp, ttl is set ("" or 0 elsewhere). */
export type CheckDefinition = {
  readonly id: string; // "" until the owner gives it one
  readonly name: string;
  readonly notes: string;
  readonly serviceId: string;
  readonly status: string; // initial; "" is critical
  readonly token: string;
  readonly http: string;
  readonly method: string;
  readonly header: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly tlsSkipVerify: boolean;
  readonly tcp: string;
  readonly intervalMillis: Millis;
  readonly timeoutMillis: Millis;
  readonly ttlMillis: Millis;
  readonly successBeforePassing: number;
  readonly failuresBeforeCritical: number;
  readonly outputBytesMax: number;
  readonly deregisterCriticalAfterMillis: Millis; // 0: never
};

export type ServiceDefinition = {
  readonly id: string; // name when not given
  readonly name: string;
  readonly kind: string;
  readonly tags: readonly string[];
  readonly address: string;
  readonly taggedAddresses: Readonly<Record<string, ServiceAddress>>;
  readonly meta: Readonly<Record<string, string>>;
  readonly port: number;
  readonly weights: Weights;
  readonly enableTagOverride: boolean;
  readonly token: string;
  readonly checks: readonly CheckDefinition[];
};
