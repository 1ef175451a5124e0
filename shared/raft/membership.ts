// Who belongs to the group (§6, thesis chapter 4): configurations as log entries, majorities over them, and the rules
// by which one follows another. Pure arithmetic; reconfigure.ts is what the leader does with it.

import { quorumSize, quorumValue, type VoteResult, voteResult } from "./quorum.ts";
import type {
  Configuration,
  Entry,
  IndexedConfiguration,
  MembershipChange,
  RaftServer,
  ServerId,
} from "./types.ts";

/** Longer groups commit slower and fail no less; a configuration is one row and rides in every snapshot message. */
export const serversMax = 99;

/** No command of the state machine begins so: those are JSON. */
const entryPrefix = "configuration ";

/** The log entry's text. */
export function encodeConfiguration(configuration: Configuration): string {
  return entryPrefix + JSON.stringify(configuration);
}

/** Is this entry raft's own, and not for the state machine? */
export function isConfigurationEntry(entry: Pick<Entry, "command">): boolean {
  return entry.command.startsWith(entryPrefix);
}

/** The configuration in an entry; null when it is none, or cannot be one. */
export function configurationOfEntry(entry: Entry): IndexedConfiguration | null {
  if (!isConfigurationEntry(entry)) return null;
  const configuration = parseConfiguration(entry.command.slice(entryPrefix.length));
  return configuration === null ? null : { index: entry.index, configuration };
}

/** Checked field by field: it comes from disk or from a peer. */
export function parseConfiguration(text: string): Configuration | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return checkConfiguration(value);
}

/** The configuration that `value` is, or null. */
export function checkConfiguration(value: unknown): Configuration | null {
  if (typeof value !== "object" || value === null) return null;
  const { servers, outgoing } = value as Readonly<Record<string, unknown>>;
  const incoming = checkServers(servers);
  const leaving = checkServers(outgoing);
  return incoming === null || leaving === null ? null : { servers: incoming, outgoing: leaving };
}

function checkServers(value: unknown): readonly RaftServer[] | null {
  if (!Array.isArray(value) || value.length > serversMax) return null;
  const servers: RaftServer[] = [];
  for (const item of value as readonly unknown[]) {
    if (typeof item !== "object" || item === null) return null;
    const { id, address, voter } = item as Readonly<Record<string, unknown>>;
    if (typeof id !== "string" || id === "" || id.length > 256 || typeof voter !== "boolean") return null;
    if (typeof address !== "string" || address.length > 512) return null;
    servers.push({ id: id as ServerId, address, voter });
  }
  return new Set(servers.map((server) => server.id)).size === servers.length ? servers : null;
}

/** The name of the cluster that was bootstrapped with this list: the same on every server of it. */
export function clusterOf(servers: readonly { readonly id: string; readonly address: string }[]): string {
  const text = JSON.stringify(servers.map(({ id, address }) => [id, address]).sort());
  // FNV-1a in two lanes: against mistakes of configuration, not against malice.
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + at), 0x01000193);
  }
  return (a >>> 0).toString(16).padStart(8, "0") + (b >>> 0).toString(16).padStart(8, "0");
}

/** Everybody who gets the log. */
export function serverIds(configuration: Configuration): readonly ServerId[] {
  return [...new Set([...configuration.servers, ...configuration.outgoing].map((server) => server.id))];
}

/** Everybody who has a vote, in either half of a joint configuration. */
export function voterIds(configuration: Configuration): readonly ServerId[] {
  const [only = [], outgoing] = voterSets(configuration);
  return outgoing === undefined ? only : [...new Set([...only, ...outgoing])];
}

export function isVoter(configuration: Configuration, id: ServerId): boolean {
  return voterSets(configuration).some((voters) => voters.includes(id));
}

export function isMember(configuration: Configuration, id: ServerId): boolean {
  return [...configuration.servers, ...configuration.outgoing].some((server) => server.id === id);
}

/** One set of voters, or two while the configuration is joint: a decision needs a majority of each. */
function voterSets(configuration: Configuration): readonly (readonly ServerId[])[] {
  const known = knownVoterSets.get(configuration);
  if (known !== undefined) return known;
  const { servers, outgoing } = configuration;
  const sets = outgoing.length === 0 ? [servers] : [servers, outgoing];
  const voters = sets.map((set) => set.filter((server) => server.voter).map((server) => server.id));
  knownVoterSets.set(configuration, voters);
  return voters;
}

/** A configuration is a value that nobody changes, and each step asks several times who votes in it. */
const knownVoterSets = new WeakMap<Configuration, readonly (readonly ServerId[])[]>();

/** The highest value that the needed majorities have reached. */
export function agreedValue(configuration: Configuration, reachedBy: (id: ServerId) => number): number {
  const sets = voterSets(configuration);
  const [only] = sets[0] ?? [];
  if (sets.length === 1 && sets[0]?.length === 1 && only !== undefined) return reachedBy(only);
  return Math.min(...sets.map((voters) => quorumValue(voters.map(reachedBy))));
}

/** Do those for whom `isIn` holds make the needed majorities? */
export function hasQuorum(configuration: Configuration, isIn: (id: ServerId) => boolean): boolean {
  return voterSets(configuration).every((voters) => voters.filter(isIn).length >= quorumSize(voters.length));
}

/** Where an election stands. */
export function electionResult(
  configuration: Configuration,
  votes: ReadonlyMap<ServerId, boolean>,
): VoteResult {
  const results = voterSets(configuration).map((voters) => voteResult(voters, votes));
  if (results.includes("lost")) return "lost";
  return results.every((result) => result === "won") ? "won" : "pending";
}

export type Planned =
  | { readonly kind: "next"; readonly configuration: Configuration }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * The configuration that `change` makes of a current one that is not joint: a single step if majorities of both must
 * overlap anyway (thesis §4.1: at most one voter comes or goes), else a joint one.
 */
export function planChange(current: Configuration, change: MembershipChange): Planned {
  const wanted = wantedServers(current.servers, change);
  if (typeof wanted === "string") return { kind: "refused", reason: wanted };
  if (checkServers(wanted) === null) {
    return {
      kind: "refused",
      reason: `a configuration lists up to ${serversMax} servers once each, with an id`,
    };
  }
  const before = votersOf(current.servers);
  const after = votersOf(wanted);
  if (after.length === 0) {
    return { kind: "refused", reason: "the last voter cannot be removed or demoted: promote another first" };
  }
  const moved = [...before, ...after].filter((id) => before.includes(id) !== after.includes(id));
  const outgoing = moved.length <= 1 ? [] : current.servers;
  return { kind: "next", configuration: { servers: wanted, outgoing } };
}

function wantedServers(
  servers: readonly RaftServer[],
  change: MembershipChange,
): readonly RaftServer[] | string {
  if (change.kind === "replace") return sameServers(servers, change.servers) ? unchanged : change.servers;
  const known = servers.find((server) => server.id === change.id);
  switch (change.kind) {
    case "addVoter":
    case "addNonvoter": {
      const voter = change.kind === "addVoter";
      if (known?.voter === true && !voter) return `${change.id} is a voter: demote it first`;
      const server = { id: change.id, address: change.address, voter };
      if (known === undefined) return [...servers, server];
      if (known.voter === voter && known.address === change.address) return unchanged;
      return servers.map((each) => (each.id === change.id ? server : each));
    }
    case "demote":
      if (known === undefined) return `${change.id} is not in the configuration`;
      if (!known.voter) return `${change.id} is no voter`;
      return servers.map((each) => (each.id === change.id ? { ...each, voter: false } : each));
    case "remove":
      if (known === undefined) return `${change.id} is not in the configuration`;
      return servers.filter((each) => each.id !== change.id);
  }
}

const unchanged = "the configuration is like that already";

function sameServers(a: readonly RaftServer[], b: readonly RaftServer[]): boolean {
  const text = (servers: readonly RaftServer[]) =>
    JSON.stringify(servers.map(({ id, address, voter }) => [id, address, voter]));
  return text(a) === text(b);
}

function votersOf(servers: readonly RaftServer[]): readonly ServerId[] {
  return servers.filter((server) => server.voter).map((server) => server.id);
}
