// All replicated tables as a stream of rows in bounded chunks, and back: for followers that are behind the log and for
// the users' snapshots. Tables, columns and order come from schema.ts, so a new table is in it without another line:
// tombstones and index bookkeeping, too.
//
//   chunk: {"table":"kv","columns":["key",…],"rows":[["a",…],…]}   a BLOB is {"base64":"…"}

import { assert } from "../base/assert.ts";
import { base64ToBytes, bytesToBase64 } from "../base/base64.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { schemaVersion, type Table, tables } from "./schema.ts";
import type { Sql, SqlRow, SqlValue } from "./sql.ts";

/** A chunk ends with the row that reaches this many characters; no row is longer than a log entry. */
export const chunkCharsMax = 256 << 10;
/** Rows that are read at once: few, for a row may hold a value of half a megabyte. */
const pageRowsMax = 64;

export type SnapshotChunk = {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
};

/**
 * The state as it is now, table by table in the order of the schema, rows in the order of their keys: equal states
 * give equal chunks. The caller takes all of them in one turn, or nothing may be written meanwhile.
 */
export function* snapshotRows(sql: Sql, of: readonly Table[] = tables): Generator<string> {
  for (const table of of) yield* tableChunks(sql, table);
}

function* tableChunks(sql: Sql, table: Table): Generator<string> {
  const columns = table.columns.map(([name]) => name);
  const opening = `{"table":${JSON.stringify(table.name)},"columns":${JSON.stringify(columns)},"rows":[`;
  let rows: string[] = [];
  let chars = 0;
  for (const row of tableRows(sql, table, columns)) {
    const text = JSON.stringify(columns.map((column) => encodeValue(row[column] ?? null)));
    rows.push(text);
    chars += text.length;
    if (chars < chunkCharsMax) continue;
    yield `${opening}${rows.join(",")}]}`;
    rows = [];
    chars = 0;
  }
  if (rows.length > 0) yield `${opening}${rows.join(",")}]}`;
}

/** Page by page along the primary key, so that no more than a page is in memory. */
function* tableRows(sql: Sql, table: Table, columns: readonly string[]): Generator<SqlRow> {
  const key = table.primaryKey.join(", ");
  const select = `SELECT ${columns.join(", ")} FROM ${table.name}`;
  const above = `WHERE (${key}) > (${table.primaryKey.map(() => "?").join(", ")})`;
  const end = `ORDER BY ${key} LIMIT ${pageRowsMax}`;
  let page = sql.exec(`${select} ${end}`);
  while (page.length > 0) {
    yield* page;
    const last = page.at(-1) as SqlRow;
    if (page.length < pageRowsMax) return;
    page = sql.exec(`${select} ${above} ${end}`, ...table.primaryKey.map((column) => last[column] ?? null));
  }
}

/** A chunk as it came from a file or another server; an error says what is wrong with it. */
export function parseChunk(text: string): Result<SnapshotChunk, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("a part of the snapshot is no JSON");
  }
  if (typeof value !== "object" || value === null) return fail("a part of the snapshot is no object");
  const { table: name, columns, rows } = value as Readonly<Record<string, unknown>>;
  const table = tables.find((known) => known.name === name);
  if (table === undefined) {
    return fail(`the snapshot has a table ${JSON.stringify(name)}: was it made by a newer release?`);
  }
  const known = new Set(table.columns.map(([column]) => column));
  if (!Array.isArray(columns) || !columns.every((column) => known.delete(column as string))) {
    return fail(`the snapshot has other columns of ${table.name}: was it made by a newer release?`);
  }
  if (!table.primaryKey.every((column) => columns.includes(column)) || !Array.isArray(rows)) {
    return fail(`rows of ${table.name} cannot be read`);
  }
  // Text among numbers would be above all of them: no index could be counted on from it.
  const integers = new Set(table.columns.filter(([, type]) => type === "INTEGER").map(([column]) => column));
  const decoded: (readonly SqlValue[])[] = [];
  for (const row of rows as readonly unknown[]) {
    const values = Array.isArray(row) && row.length === columns.length ? row.map(decodeValue) : [undefined];
    const isWhole =
      table.primaryKey.every((column) => values[columns.indexOf(column)] !== null) &&
      values.every((value, at) => typeof value !== "string" || !integers.has(columns[at] as string));
    if (values.includes(undefined) || !isWhole) return fail(`a row of ${table.name} cannot be read`);
    decoded.push(values as readonly SqlValue[]);
  }
  const version = table.name === "state_version" ? decoded[0]?.[columns.indexOf("version")] : schemaVersion;
  if (typeof version !== "number" || version > schemaVersion) {
    return fail(`the snapshot was made by a newer release (version ${version}, not ${schemaVersion})`);
  }
  return ok({ table: table.name, columns: columns as readonly string[], rows: decoded });
}

/**
 * Replaces the whole state by these chunks. Called inside the caller's transaction, which a throw must roll back:
 * a chunk that cannot be read is a broken invariant here, whoever takes chunks from outside asks parseChunk first.
 */
export function restoreRows(sql: Sql, chunks: Iterable<string>, of: readonly Table[] = tables): void {
  for (const table of of) sql.exec(`DELETE FROM ${table.name}`);
  for (const text of chunks) {
    const chunk = parseChunk(text);
    assert(chunk.ok, chunk.ok ? "" : `the snapshot can be read: ${chunk.error}`);
    const { table, columns, rows } = chunk.value;
    const places = columns.map(() => "?").join(", ");
    // A key that comes twice cannot be told from a mistake; the later row wins, the same on every server.
    const insert = `INSERT OR REPLACE INTO ${table} (${columns.join(", ")}) VALUES (${places})`;
    for (const row of rows) sql.exec(insert, ...row);
  }
  const [version] = sql.exec("SELECT version FROM state_version WHERE id = 1");
  assert(version !== undefined, "a snapshot says of which version it is");
}

function encodeValue(value: SqlValue): unknown {
  return value instanceof Uint8Array ? { base64: bytesToBase64(value) } : value;
}

function decodeValue(value: unknown): SqlValue | undefined {
  if (value === null || typeof value === "string" || Number.isSafeInteger(value)) return value as SqlValue;
  const base64 = typeof value === "object" ? (value as { readonly base64?: unknown }).base64 : undefined;
  return typeof base64 === "string" ? (base64ToBytes(base64) ?? undefined) : undefined;
}
