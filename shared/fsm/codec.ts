// A command as the text of a log entry: {"v":1,"t":<number>,...}. A number is given to a command for ever: entries of
// older releases must be readable by newer ones, and a deploy mixes adjacent releases.

import { assert } from "../base/assert.ts";
import type { Command } from "./types.ts";

export const commandVersion = 1;

/** The numbers of the commands. Append; never reuse one. */
export const commandNumbers: Readonly<Record<Command["kind"], number>> = {
  register: 1,
  deregister: 2,
  kv: 3,
  reapTombstones: 4,
  coordinates: 20,
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
  coordinates: ["updates", "object"],
};

export function encodeCommand(command: Command): string {
  const { kind, ...payload } = command;
  return JSON.stringify({ v: commandVersion, t: commandNumbers[kind], ...payload });
}

/** Throws on what this release cannot read: a server that skipped an entry would differ from the others ever after. */
export function decodeCommand(text: string): Command {
  const value: unknown = JSON.parse(text);
  assert(typeof value === "object" && value !== null, "a log entry is a JSON object");
  const { v, t, ...payload } = value as Readonly<Record<string, unknown>>;
  assert(v === commandVersion, `a log entry has version ${commandVersion}, not ${JSON.stringify(v)}`);
  const kind = kindOf.get(t);
  assert(kind !== undefined, `command number ${JSON.stringify(t)} is known`);
  const [field, type] = payloadOf[kind];
  const content = payload[field];
  assert(typeof content === type && content !== null, `a ${kind} command carries its ${field}`);
  return { kind, ...payload } as Command;
}
