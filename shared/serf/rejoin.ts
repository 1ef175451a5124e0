// What a restart must know: the clocks, and whom to ask for the pool. serf's snapshot as it is after compaction:
//   alive: NAME IP:PORT      clock: N      event-clock: N      query-clock: N      leave
// Source: reference/gossip-protocol.md section 11.13. Written by agent/gossip when the step says "remember".

import { formatIp } from "../base/ip.ts";
import { limits } from "../limits.ts";
import type { SerfState } from "./state.ts";

export type Rejoin = {
  /** "IP:PORT", in the order of the file. */
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
  /** The last times used or seen. */
  readonly clocks: { readonly clock: number; readonly event: number; readonly query: number };
};

/** The whole file. Who has left keeps its clocks, and the company only for a rejoin that is asked for. */
export function rejoinText(state: SerfState): string {
  const lines: string[] = [];
  for (const { name, address, status } of state.members.values()) {
    if (status !== "alive" || name === state.config.name || name.includes("\n")) continue;
    const ip = formatIp(address.ip);
    lines.push(`alive: ${name} ${ip.includes(":") ? `[${ip}]` : ip}:${address.port}`);
  }
  lines.push(`clock: ${state.clock - 1}`);
  lines.push(`event-clock: ${state.eventClock - 1}`);
  lines.push(`query-clock: ${state.queryClock - 1}`);
  if (state.leaving !== null) lines.push("leave");
  return `${lines.join("\n")}\n`;
}

/**
 * Reads a snapshot, ours or one that serf has appended to. After a `leave` everything before it counts only with
 * `rejoinAfterLeave`. Lines that are not understood are passed over, as serf does.
 */
export function parseRejoin(text: string, rejoinAfterLeave: boolean): Rejoin {
  let nodes = new Map<string, string>();
  let clocks = { clock: 0, event: 0, query: 0 };
  for (const line of text.split("\n")) {
    const space = line.indexOf(": ");
    const key = space < 0 ? line : line.slice(0, space);
    const value = space < 0 ? "" : line.slice(space + 2);
    if (key === "alive") {
      const at = value.lastIndexOf(" ");
      if (at > 0 && nodes.size < limits.gossipMembersMax) nodes.set(value.slice(0, at), value.slice(at + 1));
    } else if (key === "not-alive") nodes.delete(value);
    else if (key === "clock") clocks = { ...clocks, clock: count(value) };
    else if (key === "event-clock") clocks = { ...clocks, event: count(value) };
    else if (key === "query-clock") clocks = { ...clocks, query: count(value) };
    else if (key === "leave" && !rejoinAfterLeave) {
      nodes = new Map();
      clocks = { clock: 0, event: 0, query: 0 };
    }
  }
  return { nodes: [...nodes].map(([name, address]) => ({ name, address })), clocks };
}

function count(text: string): number {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : 0;
}
