// A DNS handler over a fake Backend, and a client of it that decodes the reply.

import dnsPacket, { type Answer, type DecodedPacket, type RecordType } from "dns-packet";
import { createDnsHandler, type DnsHandler } from "../../../agent/dns/handler.ts";
import { standardDnsConfig } from "../../../agent/config/dns-config.ts";
import type { DnsSettings } from "../../../agent/dns/settings.ts";
import { dnsCodec } from "../../../agent/runtime/dns-codec.ts";
import { fail, ok } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import type { CheckServiceNode, HealthCheck } from "../../../shared/structs/check.ts";
import type { Node } from "../../../shared/structs/node.ts";

export const settings: DnsSettings = {
  domain: "consul.",
  datacenter: "dc1",
  nodeName: "agent1",
  advertiseAddr: "127.0.0.1",
  defaultToken: "",
  dnsConfig: standardDnsConfig,
};

export function node(name: string, address: string, meta: Record<string, string> | null = null): Node {
  return {
    ID: "",
    Node: name,
    Address: address,
    Datacenter: "dc1",
    TaggedAddresses: null,
    Meta: meta,
    CreateIndex: 1,
    ModifyIndex: 1,
  };
}

export function check(status: string, service: string): HealthCheck {
  return {
    Node: "",
    CheckID: "c",
    Name: "c",
    Status: status,
    Notes: "",
    Output: "",
    ServiceID: service,
    ServiceName: service,
    ServiceTags: [],
    Type: "",
    Definition: {},
    CreateIndex: 1,
    ModifyIndex: 1,
  };
}

type Instance = {
  readonly service: string;
  readonly port?: number;
  readonly tags?: string[];
  readonly address?: string;
  readonly weights?: { Passing: number; Warning: number };
  readonly checks?: HealthCheck[];
};

export function instance(nodeName: string, address: string, of: Instance): CheckServiceNode {
  return {
    Node: node(nodeName, address),
    Service: {
      ID: of.service,
      Service: of.service,
      Tags: of.tags ?? [],
      Address: of.address ?? "",
      Meta: null,
      Port: of.port ?? 80,
      Weights: of.weights ?? { Passing: 1, Warning: 1 },
      EnableTagOverride: false,
      Proxy: {},
      Connect: {},
      CreateIndex: 1,
      ModifyIndex: 1,
    },
    Checks: of.checks ?? [],
  };
}

export type Failure = "none" | "noServers" | "throw" | "silence";

/** A backend that knows these instances and nodes and answers nothing else. */
export function fakeBackend(
  instances: readonly CheckServiceNode[],
  nodes: readonly Node[],
  failure: Failure = "none",
): Backend {
  const meta = { index: 1, lastContactMillis: 0, knownLeader: true, consistency: "stale" } as const;
  const answer = (method: string, request: Readonly<Record<string, unknown>>): unknown => {
    if (method === "Health.ServiceNodes") {
      const wanted = (request.tags as string[]).map((tag) => tag.toLowerCase());
      const fits = (one: CheckServiceNode) => {
        const own = one.Service.Tags.map((tag) => tag.toLowerCase());
        return one.Service.Service === request.service && wanted.every((tag) => own.includes(tag));
      };
      return instances.filter(fits);
    }
    if (method === "PreparedQuery.Execute") return fail(serverError("notFound", "Query not found"));
    const found = nodes.find((one) => one.Node === request.node);
    return found === undefined ? null : { Node: found, Services: {} };
  };
  return {
    call: (async (method: string, request: Readonly<Record<string, unknown>>) => {
      if (failure === "throw") throw new Error("broken");
      if (failure === "silence") return new Promise(() => {});
      if (failure === "noServers") return fail(serverError("noServers", "no link"));
      return ok({ meta, value: answer(method, request) });
    }) as unknown as Backend["call"],
  };
}

export function dns(
  instances: readonly CheckServiceNode[],
  changes: Partial<DnsSettings> = {},
  random = 0.5,
  nodes: readonly Node[] = [],
  failure: Failure = "none",
): DnsHandler {
  return createDnsHandler({
    backend: fakeBackend(instances, nodes, failure),
    settings: () => ({ ...settings, ...changes }),
    codec: dnsCodec,
    exchange: async () => null,
    random: () => random,
    now: () => 1_700_000_000_000,
    timers: {
      after: (_millis, body) => {
        if (failure === "silence") queueMicrotask(body);
        return () => {};
      },
    },
  });
}

type AskOptions = { readonly tcp?: boolean; readonly udpSize?: number; readonly subnet?: string };

/** A query's bytes; `subnet` is the data of the EDNS option in hexadecimal. */
export function query(name: string, type: RecordType | "ANY", options: AskOptions = {}): Uint8Array {
  const additionals: Answer[] = [];
  if (options.udpSize !== undefined) {
    const data = options.subnet === undefined ? null : Buffer.from(options.subnet, "hex");
    additionals.push({
      type: "OPT",
      name: ".",
      udpPayloadSize: options.udpSize,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: data === null ? [] : [{ code: 8, ip: undefined, data }],
    });
  }
  const questions = [{ name, type: type as RecordType }];
  return dnsPacket.encode({
    type: "query",
    id: 4711,
    flags: dnsPacket.RECURSION_DESIRED,
    questions,
    additionals,
  });
}

export type Asked = DecodedPacket & { readonly rcode: string; readonly size: number };

/** Asks and decodes; fails when there is no reply or the question is not echoed. */
export async function ask(
  server: DnsHandler,
  name: string,
  type: RecordType | "ANY",
  options: AskOptions = {},
): Promise<Asked> {
  const reply = await server(query(name, type, options), options.tcp === true ? "tcp" : "udp");
  if (reply === null) throw new Error("no reply");
  const decoded = dnsPacket.decode(Buffer.from(reply)) as DecodedPacket & { rcode: string };
  if (decoded.id !== 4711) throw new Error(`the id came back as ${decoded.id}`);
  const echoed = decoded.questions?.[0]?.name;
  if (echoed !== name.replace(/(.)\.$/, "$1")) throw new Error(`the question came back as ${echoed}`);
  return { ...decoded, size: reply.length };
}
