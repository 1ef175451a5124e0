// The DNS server against a fake Backend: names, records, health, limits, odd packets. Expected records are those
// that Consul 1.8.7 gave (conformance scenarios dns-services, dns-nodes).

import { describe, expect, it } from "vitest";
import { standardDnsConfig } from "../../../agent/config/dns-config.ts";
import { createDnsHandler } from "../../../agent/dns/handler.ts";
import { rcodes } from "../../../agent/dns/message.ts";
import { dnsCodec } from "../../../agent/runtime/dns-codec.ts";
import { limits } from "../../../shared/limits.ts";
import { ask, check, dns, fakeBackend, instance, node, query, settings } from "./support.ts";

const soa = expect.objectContaining({ name: "consul", type: "SOA" });

describe("service names", () => {
  const web = instance("s1", "10.0.0.1", { service: "web", port: 8080 });

  it("answers A, ANY and TXT with addresses and keeps the case of the name", async () => {
    for (const type of ["A", "ANY", "TXT"] as const) {
      const reply = await ask(dns([web]), "WEB.Service.Consul", type);
      expect(reply.answers).toMatchObject([
        { name: "WEB.Service.Consul", type: "A", ttl: 0, data: "10.0.0.1" },
      ]);
      expect(reply.flag_aa).toBe(true);
      expect(reply.authorities).toEqual([]);
    }
  });

  it("answers SRV with the node's name and its address beside it", async () => {
    const reply = await ask(dns([web]), "web.service.consul", "SRV");
    expect(reply.answers).toMatchObject([
      { type: "SRV", data: { priority: 1, weight: 1, port: 8080, target: "s1.node.dc1.consul" } },
    ]);
    expect(reply.additionals).toMatchObject([{ name: "s1.node.dc1.consul", type: "A", data: "10.0.0.1" }]);
  });

  it("says NODATA for a family it has no address of, NXDOMAIN for what it does not know, both with SOA", async () => {
    const noData = await ask(dns([web]), "web.service.consul", "AAAA");
    expect([noData.rcode, noData.answers, noData.authorities]).toEqual(["NOERROR", [], [soa]]);
    for (const name of [
      "none.service.consul",
      "service.consul",
      "web.service.dc9.consul",
      "web.foo.consul",
    ]) {
      const reply = await ask(dns([web]), name, "A");
      expect([name, reply.rcode, reply.answers, reply.authorities]).toEqual([name, "NXDOMAIN", [], [soa]]);
    }
  });

  it("takes a datacenter, written either way", async () => {
    for (const name of ["web.service.dc1.consul", "web.service.DC1.dc.consul", "web.service.consul."]) {
      expect((await ask(dns([web]), name, "A")).answers).toHaveLength(1);
    }
  });

  it("selects by tag, whether in front of the name or as RFC 2782 protocol", async () => {
    const tagged = instance("s2", "10.0.0.2", { service: "web", port: 2, tags: ["v1", "a.b"] });
    const server = dns([web, tagged]);
    for (const name of ["v1.web.service.consul", "V1.web.service.consul", "a.b.web.service.consul"])
      expect((await ask(server, name, "A")).answers).toMatchObject([{ data: "10.0.0.2" }]);
    for (const name of ["_web._v1.service.consul", "_web._v1.consul"])
      expect((await ask(server, name, "SRV")).answers).toMatchObject([{ data: { port: 2 } }]);
    for (const name of ["_web._tcp.service.consul", "_web._tcp.consul", "_web._tcp.service.dc1.consul"])
      expect((await ask(server, name, "SRV")).answers).toHaveLength(2);
    expect((await ask(server, "_web._udp.service.consul", "SRV")).rcode).toBe("NXDOMAIN");
    expect((await ask(server, "_web._tcp.consul", "A")).rcode).toBe("NXDOMAIN");
  });

  it("names an instance with its own address <hex>.addr", async () => {
    const four = instance("s1", "10.0.0.1", { service: "four", address: "192.168.1.1" });
    const six = instance("s1", "10.0.0.1", { service: "six", address: "2001:db8::1" });
    const server = dns([four, six]);
    const reply = await ask(server, "four.service.consul", "SRV");
    expect(reply.answers).toMatchObject([{ data: { target: "c0a80101.addr.dc1.consul" } }]);
    expect(reply.additionals).toMatchObject([{ name: "c0a80101.addr.dc1.consul", data: "192.168.1.1" }]);
    const long = await ask(server, "six.service.consul", "SRV");
    expect(long.answers).toMatchObject([
      { data: { target: "20010db8000000000000000000000001.addr.dc1.consul" } },
    ]);
    expect(long.additionals).toMatchObject([{ type: "AAAA", data: "2001:db8::1" }]);
  });

  it("answers a host name as CNAME, once, and only when there is no address", async () => {
    const named = instance("s1", "10.0.0.1", { service: "named", address: "svc.example.invalid", port: 3 });
    const other = instance("s2", "10.0.0.2", { service: "named", address: "other.example.invalid" });
    const cname = await ask(dns([named, other]), "named.service.consul", "A");
    expect(cname.answers).toHaveLength(1);
    expect(cname.answers![0]!.type).toBe("CNAME");
    const plain = instance("s3", "10.0.0.3", { service: "named" });
    expect((await ask(dns([named, plain]), "named.service.consul", "A")).answers).toMatchObject([
      { type: "A", data: "10.0.0.3" },
    ]);
    const srv = await ask(dns([named]), "named.service.consul", "SRV");
    expect(srv.answers).toMatchObject([{ data: { target: "svc.example.invalid", port: 3 } }]);
    expect(srv.additionals).toEqual([]);
  });

  it("follows a host name inside the domain", async () => {
    const alias = instance("s1", "10.0.0.1", { service: "alias", address: "web.service.consul" });
    const loop = instance("s1", "10.0.0.1", { service: "loop", address: "loop.service.consul" });
    const reply = await ask(dns([alias, web]), "alias.service.consul", "A");
    expect(reply.answers).toMatchObject([
      { type: "CNAME", data: "web.service.consul" },
      { name: "web.service.consul", type: "A", data: "10.0.0.1" },
    ]);
    const inside = await ask(dns([alias, web]), "alias.service.consul", "SRV");
    expect(inside.answers).toMatchObject([{ data: { target: "web.service.consul" } }]);
    expect(inside.additionals).toMatchObject([{ name: "web.service.consul", type: "A", data: "10.0.0.1" }]);
    expect((await ask(dns([loop]), "loop.service.consul", "A")).answers!.length).toBeLessThan(6);
  });

  it("leaves out critical instances and all of a critical node; warning ones only when asked to", async () => {
    const down = instance("s1", "10.0.0.1", { service: "web", checks: [check("critical", "web")] });
    const warns = instance("s2", "10.0.0.2", { service: "web", checks: [check("warning", "web")] });
    const nodeDown = instance("s3", "10.0.0.3", { service: "web", checks: [check("critical", "")] });
    const server = dns([down, warns, nodeDown]);
    expect((await ask(server, "web.service.consul", "A")).answers).toMatchObject([{ data: "10.0.0.2" }]);
    const strict = dns([down, warns, nodeDown], { dnsConfig: { ...standardDnsConfig, onlyPassing: true } });
    expect((await ask(strict, "web.service.consul", "A")).rcode).toBe("NXDOMAIN");
  });

  it("weighs by Weights.Passing or Weights.Warning and gives one record to one address", async () => {
    const weights = { Passing: 7, Warning: 2 };
    const warns = instance("s2", "10.0.0.2", { service: "wt", weights, checks: [check("warning", "wt")] });
    const passes = instance("s1", "10.0.0.1", { service: "wt", weights });
    const srv = await ask(dns([warns, passes]), "wt.service.consul", "SRV");
    const found = srv.answers!.map((one) => (one.type === "SRV" ? one.data.weight : null));
    expect(found.sort()).toEqual([2, 7]);
    const twice = instance("s1", "10.0.0.1", { service: "wt", port: 2 });
    expect((await ask(dns([passes, twice]), "wt.service.consul", "A")).answers).toHaveLength(1);
  });

  it("uses the configured TTLs, exact before longest prefix before *", async () => {
    const serviceTtlSeconds = { "*": 22, web: 33, "api*": 44, "a*": 1 };
    const ttls = { dnsConfig: { ...standardDnsConfig, serviceTtlSeconds } };
    const server = dns(
      [web, instance("n", "1.1.1.1", { service: "api-x" }), instance("n", "1.1.1.1", { service: "o" })],
      ttls,
    );
    for (const [name, ttl] of [
      ["web", 33],
      ["api-x", 44],
      ["o", 22],
    ] as const)
      expect((await ask(server, `${name}.service.consul`, "A")).answers).toMatchObject([{ ttl }]);
  });

  it("shuffles", async () => {
    const many = [1, 2, 3, 4].map((n) => instance(`s${n}`, `10.0.0.${n}`, { service: "web" }));
    const first = async (random: number) =>
      (await ask(dns(many, {}, random), "web.service.consul", "A")).answers![0];
    expect(await first(0)).not.toEqual(await first(0.99));
  });
});

describe("node names", () => {
  const meta = node("nm", "10.0.0.2", { key: "value", "rfc1035-plain": "bare text", long: "x".repeat(300) });

  it("answers the address, with metadata beside it", async () => {
    const reply = await ask(dns([], {}, 0, [meta]), "NM.NODE.consul", "A", { udpSize: 4096 });
    expect(reply.answers).toMatchObject([{ name: "NM.NODE.consul", type: "A", data: "10.0.0.2" }]);
    const texts = reply.additionals!.flatMap((one) => (one.type === "TXT" ? [String(one.data)] : []));
    expect(texts).toEqual(["key=value", "bare text", expect.stringMatching(/^long=x{250},x{50}$/)]);
  });

  it("says nothing to types that nodes have no records of", async () => {
    const server = dns([], {}, 0, [node("nm", "10.0.0.2", { a: "b" }), node("nh", "host.example.invalid")]);
    for (const name of ["nm.node.consul", "nh.node.consul"]) {
      const reply = await ask(server, name, "SRV");
      expect([reply.rcode, reply.answers, reply.additionals]).toEqual(["NOERROR", [], []]);
    }
  });

  it("answers metadata itself to TXT and ANY, nothing to other types, without SOA", async () => {
    const server = dns([], {}, 0, [node("nm", "10.0.0.2", { a: "b" })]);
    expect((await ask(server, "nm.node.consul", "TXT")).answers).toHaveLength(1);
    expect((await ask(server, "nm.node.dc1.consul", "ANY")).answers).toHaveLength(2);
    const other = await ask(server, "nm.node.consul", "AAAA");
    expect([other.rcode, other.answers, other.authorities]).toEqual(["NOERROR", [], []]);
    expect((await ask(server, "none.node.consul", "A")).rcode).toBe("NXDOMAIN");
  });

  it("answers AAAA for an IPv6 node and CNAME for a host name", async () => {
    const server = dns([], {}, 0, [node("n6", "2001:db8::1"), node("nh", "host.example.invalid")]);
    expect((await ask(server, "n6.node.consul", "AAAA")).answers).toMatchObject([{ data: "2001:db8::1" }]);
    expect((await ask(server, "n6.node.consul", "A")).answers).toEqual([]);
    expect((await ask(server, "nh.node.consul", "A")).answers).toMatchObject([{ type: "CNAME" }]);
  });
});

describe("the rest of the domain", () => {
  it("answers <hex>.addr whatever the type, and nothing for what is no address", async () => {
    expect((await ask(dns([]), "0a000102.addr.consul", "AAAA")).answers).toMatchObject([
      { type: "A", data: "10.0.1.2" },
    ]);
    expect(
      (await ask(dns([]), "20010db8000000000000000000000001.addr.dc1.consul", "A")).answers,
    ).toMatchObject([{ type: "AAAA", data: "2001:db8::1" }]);
    for (const name of ["zz.addr.consul", "0a0001.addr.consul"]) {
      const reply = await ask(dns([]), name, "A");
      expect([reply.rcode, reply.answers, reply.authorities]).toEqual(["NOERROR", [], []]);
    }
  });

  it("answers SOA and NS for any name in the domain, naming this agent", async () => {
    const ns = { name: "consul", type: "NS", data: "agent1.node.dc1.consul" };
    const reply = await ask(dns([]), "anything.consul", "SOA");
    expect(reply.answers).toMatchObject([
      { name: "consul", data: { mname: "ns.consul", rname: "hostmaster.consul", minimum: 0, refresh: 3600 } },
    ]);
    expect(reply.authorities).toMatchObject([ns]);
    expect(reply.additionals).toMatchObject([{ name: "agent1.node.dc1.consul", data: "127.0.0.1" }]);
    expect((await ask(dns([]), "consul", "NS")).answers).toMatchObject([ns]);
    expect((await ask(dns([]), "consul", "ANY")).rcode).toBe("NXDOMAIN");
  });

  it("refuses names outside the domain without claiming them", async () => {
    for (const name of ["example.invalid", "consul.example.invalid", "localhost", "xconsul", "."]) {
      const reply = await ask(dns([]), name, "A", { udpSize: 4096 });
      expect([reply.rcode, reply.flag_aa, reply.additionals]).toEqual(["REFUSED", false, []]);
    }
  });

  it("serves another domain when it is configured", async () => {
    const server = dns([instance("s1", "10.0.0.1", { service: "web" })], { domain: "corp.example" });
    const reply = await ask(server, "web.service.corp.example", "SRV");
    expect(reply.answers).toMatchObject([{ data: { target: "s1.node.dc1.corp.example" } }]);
    expect((await ask(server, "web.service.consul", "A")).rcode).toBe("REFUSED");
  });

  it("answers SERVFAIL when no server can be asked, and when one breaks", async () => {
    for (const failure of ["noServers", "throw", "silence"] as const) {
      for (const name of ["web.service.consul", "n1.node.consul"]) {
        expect((await ask(dns([], {}, 0, [], failure), name, "A")).rcode).toBe("SERVFAIL");
      }
    }
  });
});

describe("patience", () => {
  it("is a moment, but a server that never had a leader makes lookups wait for one as other calls do", async () => {
    const waits: number[] = [];
    const server = (waitsForLeader: boolean) =>
      createDnsHandler({
        backend: fakeBackend([], [], "noServers"),
        settings: () => settings,
        codec: dnsCodec,
        exchange: async () => null,
        random: () => 0,
        now: () => 0,
        timers: {
          after(millis) {
            waits.push(millis);
            return () => {};
          },
        },
        waitsForLeader: () => waitsForLeader,
      });
    for (const waitsForLeader of [false, true])
      expect((await ask(server(waitsForLeader), "n1.node.consul", "A")).rcode).toBe("SERVFAIL");
    expect(waits[0]).toBeLessThan(2_000);
    expect(waits[1]).toBeGreaterThan(limits.rpcHoldMillis);
  });
});

describe("limits", () => {
  const many = Array.from({ length: 60 }, (_, n) =>
    instance(`m${n}`, `10.0.1.${n}`, { service: "many", port: n }),
  );

  it("gives three answers over plain UDP and all over TCP", async () => {
    for (const type of ["A", "SRV"] as const) {
      const udp = await ask(dns(many), "many.service.consul", type);
      expect([udp.answers!.length, udp.flag_tc]).toEqual([3, false]);
      expect((await ask(dns(many), "many.service.consul", type, { tcp: true })).answers).toHaveLength(60);
    }
    expect((await ask(dns(many), "many.service.consul", "SRV")).additionals).toHaveLength(3);
  });

  it("gives as much as fits into the client's EDNS size, echoing its OPT", async () => {
    const all = await ask(dns(many), "many.service.consul", "A", { udpSize: 4096 });
    expect(all.answers).toHaveLength(60);
    expect(all.additionals).toMatchObject([{ type: "OPT", udpPayloadSize: 4096 }]);
    const reply = await ask(dns(many), "many.service.consul", "SRV", { udpSize: 1232 });
    expect(reply.size).toBeLessThanOrEqual(1232);
    expect(reply.answers!.length).toBeGreaterThan(12);
    expect(reply.additionals).toHaveLength(reply.answers!.length + 1);
    expect((await ask(dns(many), "many.service.consul", "A", { udpSize: 100 })).answers).toHaveLength(3);
  });

  it("compresses names and keeps within 64 KiB over TCP", async () => {
    const huge = Array.from({ length: 5_000 }, (_, n) =>
      instance(`node-${n}`, `10.1.${n >> 8}.${n & 255}`, { service: "huge" }),
    );
    const reply = await ask(dns(huge), "huge.service.consul", "A", { tcp: true });
    expect(reply.size).toBeLessThanOrEqual(65_535);
    expect(reply.answers!.length).toBeGreaterThan(4_000);
  });

  it("keeps the answer when what stands beside it is too much", async () => {
    const fat = node("fat", "10.0.0.1", { a: "x".repeat(400), b: "y".repeat(400) });
    const reply = await ask(dns([], {}, 0, [fat]), "fat.node.consul", "A");
    expect(reply.answers).toHaveLength(1);
    expect(reply.size).toBeLessThanOrEqual(512);
  });

  it("leaves out SRV records whose node has no DNS name", async () => {
    const odd = instance("x".repeat(64), "10.0.0.1", { service: "web" });
    expect((await ask(dns([odd]), "web.service.consul", "SRV")).answers).toEqual([]);
    expect((await ask(dns([odd]), "web.service.consul", "A")).answers).toHaveLength(1);
  });
});

describe("odd packets", () => {
  const server = dns([instance("s1", "10.0.0.1", { service: "web" })]);
  const raw = (hex: string) => server(new Uint8Array(Buffer.from(hex, "hex")), "udp");
  const rcodeOf = (reply: Uint8Array | null) => (reply === null ? null : reply[3]! & 15);

  it("answers nothing, REFUSED or FORMERR as Consul does", async () => {
    expect(await raw("")).toBeNull();
    expect(await raw("0102")).toBeNull();
    expect(rcodeOf(await raw("aabb01000001000000000000"))).toBe(rcodes.refused);
    const formErr = await raw("aabb0100000100000000000003777777");
    expect(rcodeOf(formErr)).toBe(rcodes.formErr);
    expect(Buffer.from(formErr!).subarray(0, 2).toString("hex")).toBe("aabb");
    expect(await raw("aabb8180000100000000000006636f6e73756c0000010001")).toBeNull();
  });

  it("echoes an unknown type and does not implement other opcodes", async () => {
    const packet = Buffer.from(query("web.service.consul", "A"));
    packet.writeUInt16BE(65_280, packet.length - 4);
    const reply = Buffer.from((await server(packet, "udp"))!);
    expect(rcodeOf(reply)).toBe(rcodes.noError);
    expect(reply.subarray(12, packet.length)).toEqual(packet.subarray(12));
    packet[2] = 0x28;
    expect(rcodeOf(await server(packet, "udp"))).toBe(rcodes.notImp);
  });

  it("echoes a client subnet with scope 0", async () => {
    const packet = query("web.service.consul", "A", { udpSize: 1232, subnet: "00011805c63364" });
    const reply = Buffer.from((await server(packet, "udp"))!).toString("hex");
    expect(reply).toContain("0008000700011800c63364");
  });

  it("never throws, whatever is cut off or turned over", async () => {
    const whole = query("_web._tcp.service.dc1.consul", "SRV", { udpSize: 1232, subnet: "00011800c63364" });
    let seed = 7;
    const next = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0);
    for (let length = 0; length <= whole.length; length++) {
      const reply = await server(whole.subarray(0, length), "udp");
      expect(reply === null).toBe(length < 12);
    }
    for (let round = 0; round < 3_000; round++) {
      const packet = Uint8Array.from(whole);
      for (let flips = 1 + (next() % 6); flips > 0; flips--) packet[next() % packet.length] = next() & 255;
      const reply = await server(packet, round % 2 === 0 ? "udp" : "tcp");
      if (reply !== null) expect([reply[0], reply[1]]).toEqual([packet[0], packet[1]]);
    }
  });
});
