// A service or check as an agent is told of it: the body of /v1/agent/service/register and of configuration files.
// The parsers accept Consul's spellings (PascalCase and snake_case, any case) and give Consul's error texts.

import type { Millis } from "../base/brand.ts";
import type { ServiceAddress, Weights } from "./service.ts";

/** A check that is neither HTTP nor TCP nor TTL. */
export type OtherCheck =
  | { readonly kind: "script"; readonly args: readonly string[] }
  | {
      readonly kind: "docker";
      readonly container: string;
      readonly shell: string;
      readonly args: readonly string[];
    }
  /** `target` is host:port, perhaps with /service behind it. */
  | { readonly kind: "grpc"; readonly target: string; readonly useTls: boolean }
  /** The health of another service ("" for the node itself); node "" is this agent. */
  | { readonly kind: "alias"; readonly node: string; readonly service: string };

/** Exactly one of http, tcp, ttl and other is set ("", 0 or absent elsewhere). */
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
  readonly other?: OtherCheck;
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
  /** Of a proxy or gateway of the mesh, in the form that the API shows. */
  readonly proxy?: Readonly<Record<string, unknown>>;
  /** Takes part in the mesh without a proxy. */
  readonly native?: true;
  /** The proxy that is registered and deregistered with it; port 0 is the agent's to choose. */
  readonly sidecar?: ServiceDefinition;
};

/** A check that says nothing yet: what a definition leaves out. */
export const emptyCheck: CheckDefinition = {
  id: "",
  name: "",
  notes: "",
  serviceId: "",
  status: "",
  token: "",
  http: "",
  method: "",
  header: {},
  body: "",
  tlsSkipVerify: false,
  tcp: "",
  intervalMillis: 0,
  timeoutMillis: 0,
  ttlMillis: 0,
  successBeforePassing: 0,
  failuresBeforeCritical: 0,
  outputBytesMax: 0,
  deregisterCriticalAfterMillis: 0,
};
