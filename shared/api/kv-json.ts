// KV entries as JSON, built by hand: the hottest read there is, and Flags must not be rounded.

import { toJson, withGoEscapes } from "../base/json.ts";
import type { DirEntry } from "../structs/kv.ts";
import { sharedJson } from "./shared-json.ts";

const decimal = /^\d{1,20}$/;

/** The array that /v1/kv shows; Value is base64, which needs no escaping. */
export function kvEntriesJson(entries: readonly DirEntry[], pretty: boolean): string | Uint8Array {
  const [only] = entries;
  // A single entry comes in an array that is made for the reply, but is itself the one that is shared.
  return entries.length === 1 && only !== undefined
    ? sharedJson(only, pretty, (entry) => arrayJson([entry], pretty))
    : sharedJson(entries, pretty, arrayJson);
}

function arrayJson(entries: readonly DirEntry[], pretty: boolean): string {
  if (pretty) return toJson(entries.map(inOrder), true);
  let json = "[";
  for (const entry of entries) json += json.length === 1 ? entryJson(entry) : `,${entryJson(entry)}`;
  return `${json}]`;
}

function entryJson(entry: DirEntry): string {
  const { LockIndex, Key, Flags, Value, Session, CreateIndex, ModifyIndex } = entry;
  const flags = decimal.test(Flags) ? Flags : "0";
  const value = Value === null ? "null" : `"${Value}"`;
  const session = Session === undefined ? "" : `"Session":${JSON.stringify(Session)},`;
  return `{"LockIndex":${LockIndex},"Key":${withGoEscapes(JSON.stringify(Key))},"Flags":${flags},"Value":${value},${session}"CreateIndex":${CreateIndex},"ModifyIndex":${ModifyIndex}}`;
}

// Consul's order of fields, whatever order the object came with.
function inOrder({ LockIndex, Key, Flags, Value, Session, CreateIndex, ModifyIndex }: DirEntry): DirEntry {
  const session = Session === undefined ? {} : { Session };
  return { LockIndex, Key, Flags, Value, ...session, CreateIndex, ModifyIndex };
}
