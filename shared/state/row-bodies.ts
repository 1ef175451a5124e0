// The JSON column of a catalog row: how it is written so that equal things are found equal, and how it is read back.

import type { SqlRow } from "./sql.ts";

type Indexed = { CreateIndex: number; ModifyIndex: number };

/** A row's body with its two indexes behind it, which is the order the API shows. */
export function fromBody<T extends Indexed>(
  row: SqlRow,
  body = "body",
  create = "create_index",
  modify = "modify_index",
): T {
  const value = JSON.parse(String(row[body])) as Omit<T, keyof Indexed>;
  return { ...value, CreateIndex: Number(row[create]), ModifyIndex: Number(row[modify]) } as T;
}

/** Whether two bodies say the same, whatever the order of the keys in their maps. */
export function sameBody(a: string, b: string): boolean {
  return a === b || sameJson(JSON.parse(a), JSON.parse(b));
}

function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && sameJson(at(a, key), at(b, key)));
}

function at(object: object, key: string): unknown {
  return (object as Readonly<Record<string, unknown>>)[key];
}

/** A map with its keys in order, as Go writes maps; null stays null. */
export function sortedMap<T>(map: Readonly<Record<string, T>> | null): Record<string, T> | null {
  return map === null ? null : Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The form in which Consul looks up names of nodes and services, and ids. */
export function lookupKey(name: string): string {
  return name.toLowerCase();
}

/** Whether a node's metadata has every pair that was asked for. */
export function metaMatches(
  meta: Readonly<Record<string, string>> | null,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => meta !== null && Object.hasOwn(meta, key) && meta[key] === value,
  );
}
