// Names of others: which recursor answers, and what becomes of its reply; addresses back to names.

import dnsPacket from "dns-packet";
import { describe, expect, it } from "vitest";
import { standardDnsConfig } from "../../../agent/config/dns-config.ts";
import { createDnsHandler } from "../../../agent/dns/handler.ts";
import { askRecursors, type DnsExchange, resolveOutside } from "../../../agent/dns/recursor.ts";
import { shuffle } from "../../../agent/dns/resolve.ts";
import { isReverseName, reversedAddress, spellings } from "../../../agent/dns/reverse.ts";
import { dnsCodec } from "../../../agent/runtime/dns-codec.ts";
import { ok } from "../../../shared/base/result.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import { ask, fakeBackend, instance, query, settings } from "./support.ts";

const recursors = [
  { host: "192.0.2.1", port: 53 },
  { host: "192.0.2.2", port: 53 },
];
const withRecursors = { ...settings, dnsConfig: { ...standardDnsConfig, recursors } };

/** A recursor that knows www.example.test, and answers as an authority. */
function upstream(flags: (host: string) => number, asked: string[] = []): DnsExchange {
  return async (server, packet) => {
    asked.push(server.host);
    const { id, questions = [] } = dnsPacket.decode(Buffer.from(packet));
    const name = questions[0]?.name ?? "";
    const code = flags(server.host);
    if (code < 0) return null;
    return dnsPacket.encode({
      type: "response",
      id: id ?? 0,
      flags: dnsPacket.AUTHORITATIVE_ANSWER | code,
      questions,
      answers: code === 0 ? [{ name, type: "A", ttl: 33, data: "198.51.100.7" }] : [],
    });
  };
}

function handler(exchange: DnsExchange, instances: Parameters<typeof fakeBackend>[0] = [], owner = "") {
  const inner = fakeBackend(instances, []);
  const backend: Backend = {
    call: ((method: string, request: never) =>
      method === "Catalog.AddressOwner"
        ? Promise.resolve(ok({ meta: {}, value: { node: owner, service: "" } }))
        : inner.call(method as "Catalog.NodeServices", request)) as unknown as Backend["call"],
  };
  return createDnsHandler({
    backend,
    settings: () => withRecursors,
    codec: dnsCodec,
    exchange,
    random: () => 0.5,
    now: () => 0,
    timers: { after: () => () => {} },
  });
}

describe("recursors", () => {
  it("are asked in their order until one does not fail, and are no authority here", async () => {
    const asked: string[] = [];
    const reply = await ask(
      handler(upstream((host) => (host.endsWith(".1") ? 2 : 0), asked)),
      "www.example.test",
      "A",
    );
    expect(asked).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(reply).toMatchObject({ rcode: "NOERROR", flag_aa: false, flag_ra: true });
    expect(reply.answers).toMatchObject([{ type: "A", data: "198.51.100.7", ttl: 33 }]);
  });

  it("may say that a name does not exist", async () => {
    const reply = await ask(handler(upstream(() => 3)), "none.example.test", "A");
    expect(reply).toMatchObject({ rcode: "NXDOMAIN", flag_ra: true });
  });

  it("that all fail or are silent make SERVFAIL", async () => {
    const reply = await ask(
      handler(upstream((host) => (host.endsWith(".1") ? -1 : 2))),
      "www.example.test",
      "A",
    );
    expect(reply).toMatchObject({ rcode: "SERVFAIL", flag_aa: false, flag_ra: true });
    expect(
      await askRecursors(async () => new Uint8Array(3), withRecursors, query("x.test", "A"), "udp"),
    ).toBeNull();
  });

  it("resolve the host names of services, with the service's TTL", async () => {
    const services = [instance("n", "10.0.0.1", { service: "ext", address: "www.example.test" })];
    const reply = await ask(
      handler(
        upstream(() => 0),
        services,
      ),
      "ext.service.consul",
      "A",
    );
    expect(reply.answers).toMatchObject([
      { type: "CNAME", data: "www.example.test" },
      { name: "www.example.test", type: "A", ttl: 0, data: "198.51.100.7" },
    ]);
    expect(reply.flag_ra).toBe(true);
    const broken = await resolveOutside(
      async () => null,
      withRecursors,
      dnsCodec,
      "x.test.",
      () => 0.5,
    );
    expect(broken).toEqual([]);
  });
});

describe("reverse names", () => {
  it("answer with the node that has the address, else with a recursor's word", async () => {
    const known = await ask(
      handler(
        upstream(() => 3),
        [],
        "rv",
      ),
      "7.7.7.10.in-addr.arpa",
      "PTR",
    );
    expect(known.answers).toMatchObject([{ type: "PTR", data: "rv.node.dc1.consul" }]);
    expect(known.flag_aa).toBe(true);
    const unknown = await ask(handler(upstream(() => 3)), "7.7.7.10.in-addr.arpa", "PTR");
    expect(unknown.rcode).toBe("NXDOMAIN");
  });

  it("stand for addresses of both families", () => {
    expect(reversedAddress("7.2.0.10.in-addr.arpa.")?.text).toBe("10.0.2.7");
    expect(reversedAddress("7.2.0.in-addr.arpa")).toBeNull();
    const nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
    const address = reversedAddress(nibbles);
    expect(address === null ? [] : spellings(address)).toEqual(["2001:db8:0:0:0:0:0:1", "2001:db8::1"]);
    expect([isReverseName("x.arpa"), isReverseName("xarpa")]).toEqual([true, false]);
  });

  it("shuffles without losing anything", () => {
    expect(shuffle([1, 2, 3], () => 0).toSorted()).toEqual([1, 2, 3]);
  });
});
