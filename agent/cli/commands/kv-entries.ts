// Keys as the API answers them, for the kv commands; flags stay exact (they may exceed what a number holds).

import { base64ToBytes } from "../../../shared/base/base64.ts";

export type Entry = {
  readonly Key: string;
  readonly Value: string | null;
  readonly Flags: string;
  readonly LockIndex: number;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
  readonly Session?: string;
};

type Reviver = (
  this: unknown,
  key: string,
  value: unknown,
  context?: { readonly source?: string },
) => unknown;
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** The rows of /v1/kv answers. */
export function parseEntries(text: string): readonly Entry[] {
  const rows = parseWithSource(text, (key, value, context) =>
    key === "Flags" && typeof value === "number" ? (context?.source ?? String(value)) : value,
  );
  return Array.isArray(rows) ? (rows as Entry[]) : [];
}

/** The value as stored, or as base64 text. */
export function entryBytes(entry: Entry, base64: boolean): Uint8Array {
  if (base64) return new TextEncoder().encode(entry.Value ?? "");
  return base64ToBytes(entry.Value ?? "") ?? new Uint8Array();
}

/** Pieces one after the other: values are bytes, not always text. */
export function concat(pieces: readonly (string | Uint8Array)[]): Uint8Array {
  const arrays = pieces.map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
  const all = new Uint8Array(arrays.reduce((size, array) => size + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
