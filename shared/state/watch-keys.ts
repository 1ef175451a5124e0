// Watch keys: what a read depends on and what a commit changed, in one notation, so that a waiter is woken by the
// changes that can concern it and by no others. Used by every read of this folder and by the server's waiters.
//
//   space:name     one thing: kv:<key>, node:<name>, node-checks:<name>, service:<name>, health:<service name>, and
//                  the tables nodes:, services:, checks:, coordinates:, sessions: (whose name is empty)
//   space*:prefix  as a watch: everything whose name begins so; as a change: a whole tree went at once
//
// Names of nodes and services are lower case in keys, because Consul finds them without regard to case.

export type WatchSpace =
  | "autopilot"
  | "kv"
  | "nodes"
  | "services"
  | "checks"
  | "node"
  | "node-id"
  | "node-checks"
  | "service"
  | "health"
  | "check-ttl"
  | "coordinates"
  | "coordinate"
  | "queries"
  | "query"
  | "config-entries"
  | "config-kind"
  | "config-entry"
  | "gateways"
  | "session"
  | "sessions"
  | "node-sessions"
  | "events"
  | "event"
  /** No read depends on it: tells the leader that a key got a time at which it expires. */
  | "kv-expiry";

/** As a change: all of the state was replaced (a snapshot), and nobody's answer can be trusted. */
export const everything = "*";

/** The key of one thing; a table's key has no name. */
export function watchKey(space: WatchSpace, name = ""): string {
  return `${space}:${name}`;
}

/** The key of everything below a prefix: as a watch, or as the change that a deleted tree is. */
export function watchPrefix(space: WatchSpace, prefix: string): string {
  return `${space}*:${prefix}`;
}

/** Whether a watch (or a change) covers a range of names instead of one. */
export function isPrefixWatch(key: string): boolean {
  return key[key.indexOf(":") - 1] === "*";
}

/** The two parts of a key, for an index of waiters: exact ones by whole key, prefix ones by space and prefix. */
export function splitWatchKey(key: string): { readonly space: string; readonly name: string } {
  const colon = key.indexOf(":");
  return { space: key.slice(0, isPrefixWatch(key) ? colon - 1 : colon), name: key.slice(colon + 1) };
}

/** Whether a change can concern who watches `watched`. */
export function watchMatches(watched: string, changed: string): boolean {
  if (watched === changed || changed === everything) return true;
  const watchedIsPrefix = isPrefixWatch(watched);
  const changedIsPrefix = isPrefixWatch(changed);
  if (!watchedIsPrefix && !changedIsPrefix) return false;
  const watch = splitWatchKey(watched);
  const change = splitWatchKey(changed);
  if (watch.space !== change.space) return false;
  if (watchedIsPrefix && change.name.startsWith(watch.name)) return true;
  return changedIsPrefix && watch.name.startsWith(change.name);
}
