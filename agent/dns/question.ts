// What a name in the domain asks for: NAME.service, TAG.NAME.service, _NAME._TAG, NODE.node, QUERY.query, HEX.addr, each with an
// optional datacenter (`.dc1` or `.dc1.dc`) behind it. Names are compared without case.

import type { DnsSettings } from "./settings.ts";

export type DnsTarget =
  | {
      readonly kind: "service";
      readonly service: string;
      readonly tag: string;
      readonly datacenter: string;
      /** `web.connect.consul`: those that take part in the mesh for the service. */
      readonly mesh?: true;
      /** `web.ingress.consul`: the ingress gateways that lead to the service. */
      readonly ingress?: true;
      /** `_web._tcp.consul`, without ".service": answers to nothing but SRV. */
      readonly srvOnly: boolean;
    }
  | { readonly kind: "node"; readonly node: string; readonly datacenter: string }
  | { readonly kind: "addr"; readonly hex: string }
  /** A prepared query by name or id; its name may have dots. */
  | { readonly kind: "query"; readonly query: string; readonly datacenter: string }
  /** A name of ours that nothing answers to (yet: `.virtual`). */
  | { readonly kind: "none" }
  | { readonly kind: "outside" };

const kinds = new Set(["service", "node", "addr", "query", "connect", "virtual", "ingress"]);

/** "Consul." and "consul" name the same domain. */
export function normalDomain(domain: string): string {
  return domain.toLowerCase().replace(/^\.+|\.+$/g, "");
}

/** The labels in front of the domain; null when the name is outside it. */
function labelsBefore(name: string, domain: string): string[] | null {
  const lower = normalDomain(name);
  const own = normalDomain(domain);
  if (lower === own) return [];
  return lower.endsWith(`.${own}`) ? lower.slice(0, -own.length - 1).split(".") : null;
}

/** The datacenter that the labels behind the kind name: "" for none, null when they name nothing. */
function datacenterOf(labels: readonly string[]): string | null {
  if (labels.length === 0) return "";
  const named = labels.length === 1 || (labels.length === 2 && labels[1] === "dc");
  return named && labels[0] !== "" ? labels[0]! : null;
}

function serviceTarget(parts: readonly string[], datacenter: string, srvOnly: boolean): DnsTarget {
  const [first, second] = parts;
  if (parts.length === 2 && first?.startsWith("_") && second?.startsWith("_")) {
    const protocol = second.slice(1);
    return {
      kind: "service",
      service: first.slice(1),
      tag: protocol === "tcp" ? "" : protocol,
      datacenter,
      srvOnly,
    };
  }
  const service = parts.at(-1) ?? "";
  if (service === "") return { kind: "none" };
  return { kind: "service", service, tag: parts.slice(0, -1).join("."), datacenter, srvOnly };
}

/** What `name` asks for in `domain`. The kind is the label nearest to the domain that is one. */
export function parseName(name: string, domain: string): DnsTarget {
  const labels = labelsBefore(name, domain);
  if (labels === null) return { kind: "outside" };
  const at = labels.findLastIndex((label) => kinds.has(label) || label.startsWith("_"));
  if (at === -1) return { kind: "none" };
  const short = !kinds.has(labels[at]!); // RFC 2782 without ".service": _web._tcp.consul
  const parts = labels.slice(0, short ? at + 1 : at);
  const datacenter = datacenterOf(labels.slice(at + 1));
  if (datacenter === null || parts.length === 0 || parts.includes("")) return { kind: "none" };
  if (short) return parts.length === 2 ? serviceTarget(parts, datacenter, true) : { kind: "none" };
  if (labels[at] === "service") return serviceTarget(parts, datacenter, false);
  // Behind these two a tag says nothing, and `_web._tcp` is no service.
  if (labels[at] === "connect" || labels[at] === "ingress") {
    const service = parts.at(-1) ?? "";
    const sort = labels[at] === "connect" ? ({ mesh: true } as const) : ({ ingress: true } as const);
    return { kind: "service", service, tag: "", datacenter, srvOnly: false, ...sort };
  }
  if (labels[at] === "node") return { kind: "node", node: parts.join("."), datacenter };
  if (labels[at] === "query") return { kind: "query", query: parts.join("."), datacenter };
  if (labels[at] === "addr" && parts.length === 1) return { kind: "addr", hex: parts[0]! };
  return { kind: "none" };
}

/** The same for the domain and the second one, alt_domain. */
export function parseDomains(name: string, settings: DnsSettings): DnsTarget {
  const target = parseName(name, settings.domain);
  const { altDomain } = settings.dnsConfig;
  return target.kind === "outside" && altDomain !== "" ? parseName(name, altDomain) : target;
}

/** UTF-8 bytes of a text. */
function byteLength(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Whether the text can be written as a DNS name: labels of 1 to 63 bytes, 255 in all. */
export function isDnsName(text: string): boolean {
  const sizes = text.replace(/\.$/, "").split(".").map(byteLength);
  return (
    sizes.every((size) => size >= 1 && size <= 63) && sizes.reduce((sum, size) => sum + size + 1, 1) <= 255
  );
}
