// Addresses in settings: what is an IP address, and lists of them as -client takes them.

import { fail, ok, type Result } from "../../shared/base/result.ts";
import type { ListenAddress } from "./runtime-config.ts";

export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

export function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":") || text.includes(":::")) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const tail = last.includes(".") ? 2 : 1;
  const plain = tail === 2 ? groups.slice(0, -1) : groups;
  if (tail === 2 && !isIpv4(last)) return false;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  const count = plain.length + (tail === 2 ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}

/** An address that is one and is no other thing that Consul would take. */
export function parseIp(setting: string, text: string): Result<string, string> {
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (isIpv4(address) || isIpv6(address)) return ok(address);
  if (text === "localhost") return ok("127.0.0.1");
  if (text.includes("{{"))
    return fail(`${setting}: templates ("{{ … }}") are not available yet: write the address`);
  if (isSocketPath(text)) return fail(`${setting}: a unix socket is not possible here: write an IP address`);
  return fail(`${setting}: invalid ip address: ${text}`);
}

function isSocketPath(text: string): boolean {
  return /^(unix:\/\/|\/)/.test(text);
}

/** Addresses separated by spaces, each with the port; a port below 0 is none. HTTP may also listen on unix sockets. */
export function parseListen(
  setting: string,
  text: string,
  port: number,
  mayBeSocket = false,
): Result<readonly ListenAddress[], string> {
  if (port < 0) return ok([]);
  const hosts: string[] = [];
  const sockets: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (isSocketPath(word)) {
      // One list serves all doors (client_addr): those that cannot use a socket leave it out.
      if (mayBeSocket) sockets.push(word.replace(/^unix:\/\//, ""));
      else if (setting !== "client_addr") return parseFailure(setting, word);
      continue;
    }
    const host = parseIp(setting, word);
    if (!host.ok) return host;
    if (!hosts.includes(host.value)) hosts.push(host.value);
  }
  if (hosts.length + sockets.length === 0 && setting !== "client_addr")
    return fail(`${setting} cannot be empty`);
  return ok([
    ...hosts.map((host) => ({ host, port })),
    ...sockets.map((socket) => ({ host: "", port: 0, socket })),
  ]);
}

function parseFailure(setting: string, word: string): Result<readonly ListenAddress[], string> {
  const failed = parseIp(setting, word);
  return failed.ok ? fail(`${setting}: invalid address: ${word}`) : failed;
}

/** A network: the bits that its addresses have in common. */
export type AddressRange = { readonly bits: string };

/** The bits of an address, an IPv4 one in its IPv6 form. */
function bitsOf(address: string): string | null {
  if (isIpv4(address)) {
    const bits = address.split(".").map((part) => Number(part).toString(2).padStart(8, "0"));
    return `${"0".repeat(80)}${"1".repeat(16)}${bits.join("")}`;
  }
  if (!isIpv6(address)) return null;
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] =>
    text === ""
      ? []
      : text.split(":").flatMap((group) => {
          if (!group.includes(".")) return [Number.parseInt(group, 16).toString(2).padStart(16, "0")];
          return [(bitsOf(group) ?? "").slice(-32, -16), (bitsOf(group) ?? "").slice(-16)];
        });
  const front = groups(head);
  const back = groups(tail ?? "");
  return [...front, ...new Array<string>(8 - front.length - back.length).fill("0".repeat(16)), ...back].join(
    "",
  );
}

/** "10.0.0.0/8"; null when it is no network. */
export function parseRange(text: string): AddressRange | null {
  const [, address = "", length = ""] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bits = bitsOf(address);
  const most = isIpv4(address) ? 32 : 128;
  if (bits === null || Number(length) > most) return null;
  return { bits: bits.slice(0, 128 - most + Number(length)) };
}

/** Whether an address, as a socket reports it, lies in one of the networks. */
export function isInRanges(address: string, ranges: readonly AddressRange[]): boolean {
  const bits = bitsOf(address.replace(/%.*$/, ""));
  return bits !== null && ranges.some((range) => bits.startsWith(range.bits));
}
