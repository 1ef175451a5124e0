// Addresses to join as people write them: a host or an IP address, with or without a port, perhaps after "NAME/".

import type { Result } from "../../shared/base/result.ts";
import { fail, ok } from "../../shared/base/result.ts";
import { parseIpBytes } from "../../shared/base/ip.ts";

export type JoinAddress = { readonly host: string; readonly port: number };

/** Reads one address; `port` stands in for a missing one. */
export function parseJoinAddress(text: string, port: number): Result<JoinAddress, string> {
  const place = text.slice(text.lastIndexOf("/") + 1).trim();
  if (place === "") return fail(`Failed to resolve ${text}: missing host`);
  if (/^provider\s*=/.test(text.trim()))
    return fail(
      `Failed to resolve ${text}: cloud providers are not available; write the addresses, or a DNS name of them`,
    );
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(place);
  const plain = /^([^:]+)(?::(\d+))?$/.exec(place);
  const bare = parseIpBytes(place) !== null;
  const [host, portText] = bare ? [place] : [bracketed?.[1] ?? plain?.[1], bracketed?.[2] ?? plain?.[2]];
  if (host === undefined) return fail(`Failed to resolve ${text}: too many colons in address`);
  const number = portText === undefined ? port : Number(portText);
  if (number < 1 || number > 65_535) return fail(`Failed to resolve ${text}: invalid port`);
  return ok({ host, port: number });
}
