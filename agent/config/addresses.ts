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
  if (/^(unix:\/\/|\/)/.test(text))
    return fail(`${setting}: unix sockets are not available yet: write an IP address`);
  return fail(`${setting}: invalid ip address: ${text}`);
}

/** Addresses separated by spaces, each with the port; a port below 0 is none. */
export function parseListen(
  setting: string,
  text: string,
  port: number,
): Result<readonly ListenAddress[], string> {
  if (port < 0) return ok([]);
  const hosts: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const host = parseIp(setting, word);
    if (!host.ok) return host;
    if (!hosts.includes(host.value)) hosts.push(host.value);
  }
  if (hosts.length === 0) return fail(`${setting} cannot be empty`);
  return ok(hosts.map((host) => ({ host, port })));
}
