// Scenarios written as lines: "METHOD /path body", "[Header: value] METHOD /path body", "pause MILLIS".

import { pause, request, type Step } from "../steps.ts";

/** What differs on purpose in any line: hashes, and indexes, which only move with what an answer shows. */
const hashes: readonly RegExp[] = [
  /"ContentHash": "[0-9a-f]+"/g,
  /X-Consul-Contenthash: .*/gi,
  /X-Consul-Index: \d+/gi,
  /"(Create|Modify)Index": \d+/g,
];

/** One step a line; empty lines and those that begin with "#" are skipped. */
export function steps(text: string, ignore: readonly RegExp[] = []): Step[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => stepOf(line, [...hashes, ...ignore]));
}

function stepOf(line: string, ignore: readonly RegExp[]): Step {
  const waited = /^pause (\d+)$/.exec(line);
  if (waited !== null) return pause(Number(waited[1]));
  const [, header, method = "", path = "", body] =
    /^(?:\[([^\]]*)\] )?(\S+) (\S+)(?: (.*))?$/.exec(line) ?? [];
  const [, name, value = ""] = /^([^:]+): ?(.*)$/.exec(header ?? "") ?? [];
  const headers = name === undefined ? {} : { headers: { [name]: value } };
  return request(method, path, body, { ignore, ...headers });
}
