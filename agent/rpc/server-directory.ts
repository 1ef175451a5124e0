// The servers of this datacenter as this agent knows them at the moment. Gossip fills it (or a test); the peers of a
// server, bootstrap, autopilot and the links of client agents read it.

import type { Member } from "../../shared/structs/members.ts";
import type { KnownServer } from "../../shared/structs/known-server.ts";

export type ServerDirectory = {
  /** By id, in the order of the ids. */
  servers(): readonly KnownServer[];
  /** Everybody in the LAN pool. */
  members(): readonly Member[];
  /** Called after each change; the returned function stops it. */
  onChange(listener: () => void): () => void;
  /** Base64 keys that servers and agents of this datacenter know, the one to use first; none: nothing is proven. */
  secrets(): readonly string[];
};

export type MutableServerDirectory = ServerDirectory & {
  /** Takes the place of the whole list. Of two entries with one id the one that is alive counts, else the later one. */
  set(servers: readonly KnownServer[], members?: readonly Member[]): void;
  setSecrets(secrets: readonly string[]): void;
};

/** A directory of `initial`. */
export function createServerDirectory(initial: readonly KnownServer[] = []): MutableServerDirectory {
  const listeners = new Set<() => void>();
  let current = tidied(initial);
  let everybody: readonly Member[] = [];
  let text = JSON.stringify(current);
  let secrets: readonly string[] = [];
  return {
    secrets: () => secrets,
    setSecrets(given) {
      secrets = [...given];
    },
    servers: () => current,
    members: () => everybody,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    set(servers, members = []) {
      const next = tidied(servers);
      const nextText = JSON.stringify(next);
      if (nextText === text && areSame(members, everybody)) return;
      current = next;
      everybody = members;
      text = nextText;
      for (const listener of [...listeners]) listener();
    },
  };
}

/** Records of members are made anew when they change, so that thousands of them need no look inside. */
function areSame(some: readonly Member[], others: readonly Member[]): boolean {
  return some.length === others.length && some.every((member, at) => member === others[at]);
}

function tidied(servers: readonly KnownServer[]): readonly KnownServer[] {
  const byId = new Map<string, KnownServer>();
  for (const server of servers) {
    const known = byId.get(server.id);
    if (known === undefined || known.state !== "alive" || server.state === "alive")
      byId.set(server.id, server);
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
