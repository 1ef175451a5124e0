// A command as the text of a log entry: {"v":1,"t":<number>,"at":<millis>,...}. A number is given to a command for
// ever: entries of older releases must be readable by newer ones, and a deploy mixes adjacent releases.

import { assert } from "../base/assert.ts";
import type { Millis } from "../base/brand.ts";
import type { Command } from "./types.ts";

export const commandVersion = 1;

/** The numbers of the commands. Append; never reuse one. */
export const commandNumbers: Readonly<Record<Command["kind"], number>> = {
  register: 1,
  deregister: 2,
  kv: 3,
  reapTombstones: 4,
  kvLock: 5,
  session: 6,
  expireKeys: 7,
  checkTtl: 30,
  txn: 8,
  coordinates: 20,
  autopilot: 40,
  preparedQuery: 21,
  restorePiece: 60,
  restoreCommit: 61,
  configEntry: 22,
  userEvent: 23,
};

const kindOf: ReadonlyMap<unknown, Command["kind"]> = new Map(
  Object.entries(commandNumbers).map(([kind, number]) => [number, kind as Command["kind"]]),
);

/** What each command must carry to be one at all. */
const payloadOf: Readonly<Record<Command["kind"], readonly [string, "object" | "number"]>> = {
  register: ["registration", "object"],
  deregister: ["deregistration", "object"],
  kv: ["operation", "object"],
  reapTombstones: ["upTo", "number"],
  kvLock: ["operation", "object"],
  session: ["operation", "object"],
  expireKeys: ["upTo", "number"],
  checkTtl: ["operation", "object"],
  txn: ["operations", "object"],
  coordinates: ["updates", "object"],
  autopilot: ["configuration", "object"],
  preparedQuery: ["query", "object"],
  restorePiece: ["piece", "object"],
  restoreCommit: ["commit", "object"],
  configEntry: ["entry", "object"],
  userEvent: ["event", "object"],
};

/** `at`: the leader's wall clock when it proposes, for what depends on time (lock delay, expiry); 0 leaves it out. */
export function encodeCommand(command: Command, at: Millis = 0): string {
  const head = { v: commandVersion, t: commandNumbers[command.kind], at: at === 0 ? undefined : at };
  return JSON.stringify({ ...head, ...command, kind: undefined });
}

/** Throws on what this release cannot read: a server that skipped an entry would differ from the others ever after. */
export function decodeCommand(text: string): Command {
  return decodeEntry(text).command;
}

/** The same with the time at which it was proposed; 0 in entries of older releases. */
export function decodeEntry(text: string): { readonly command: Command; readonly at: Millis } {
  const value: unknown = JSON.parse(text);
  assert(typeof value === "object" && value !== null, "a log entry is a JSON object");
  const fields = value as Readonly<Record<string, unknown>>;
  const { v, t, at = 0 } = fields;
  assert(v === commandVersion, `a log entry has version ${commandVersion}, not ${JSON.stringify(v)}`);
  const kind = kindOf.get(t);
  assert(kind !== undefined, `command number ${JSON.stringify(t)} is known`);
  const [field, type] = payloadOf[kind];
  const content = fields[field];
  assert(typeof content === type && content !== null, `a ${kind} command carries its ${field}`);
  assert(typeof at === "number" && Number.isFinite(at), "the time of an entry is a number");
  const command: Record<string, unknown> = { kind };
  for (const name in fields) if (name !== "v" && name !== "t" && name !== "at") command[name] = fields[name];
  return { command: command as Command, at };
}
