// The file that /v1/snapshot gives and takes: a gzipped tar, as Consul's, of three files.
//
//   meta.json    {"Version":1,"ID":"TERM-INDEX-MILLIS","Index":…,"Term":…,"Configuration":{"Servers":[…]},"Size":…}
//   state.bin    lines of JSON: {"format":"legate-state","version":1}, then one chunk of rows a line, in the order of
//                the tables: {"table":"kv","columns":["key",…],"rows":[["a",…],…]}, a BLOB is {"base64":"…"}
//   SHA256SUMS   of the other two, as sha256sum writes it
//
// Consul's own state.bin holds Go's msgpack and is refused by its first byte.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { createTar, parseTar } from "nanotar";
import { fail, ok, type Result } from "../base/result.ts";

export type SnapshotMeta = {
  readonly Version: 1;
  readonly ID: string;
  readonly Index: number;
  readonly Term: number;
  readonly Configuration: {
    readonly Servers: readonly { readonly Suffrage: string; readonly ID: string; readonly Address: string }[];
  };
  readonly Size: number;
};

export type SnapshotContent = { readonly meta: SnapshotMeta; readonly chunks: readonly string[] };

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const stateHead = '{"format":"legate-state","version":1}\n';
const blockBytes = 512;

/** Bytes of state.bin around chunks that have so many bytes by themselves. */
export function stateBytes(chunks: number, chunkBytes: number): number {
  return stateHead.length + chunkBytes + chunks;
}

/** The tar, made while it is read: no more than a chunk is in memory. */
export async function* writeArchive(
  meta: SnapshotMeta,
  chunks: AsyncIterable<string>,
): AsyncGenerator<Uint8Array> {
  const metaBytes = encoder.encode(`${JSON.stringify(meta)}\n`);
  yield tarFile("meta.json", metaBytes);
  yield tarHead("state.bin", meta.Size);
  const hash = sha256.create();
  let written = 0;
  const piece = (text: string): Uint8Array => {
    const bytes = encoder.encode(text);
    hash.update(bytes);
    written += bytes.length;
    return bytes;
  };
  yield piece(stateHead);
  for await (const chunk of chunks) yield piece(`${chunk}\n`);
  if (written !== meta.Size)
    throw new Error(`broken invariant: state.bin has ${written} bytes, not ${meta.Size}`);
  yield new Uint8Array((blockBytes - (written % blockBytes)) % blockBytes);
  const sums = `${bytesToHex(sha256(metaBytes))}  meta.json\n${bytesToHex(hash.digest())}  state.bin\n`;
  yield tarFile("SHA256SUMS", encoder.encode(sums));
  yield new Uint8Array(2 * blockBytes);
}

/** The first block of a file: the library writes it for a file without content, and the size goes in afterwards. */
function tarHead(name: string, size: number): Uint8Array {
  const head = createTar([{ name, data: new Uint8Array(0) }]).slice(0, blockBytes);
  head.set(encoder.encode(`${size.toString(8).padStart(11, "0")}\0`), 124);
  head.set(encoder.encode("        "), 148);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.set(encoder.encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return head;
}

function tarFile(name: string, data: Uint8Array): Uint8Array {
  const padded = Math.ceil(data.length / blockBytes) * blockBytes;
  const file = new Uint8Array(blockBytes + padded);
  file.set(tarHead(name, data.length));
  file.set(data, blockBytes);
  return file;
}

const expected: readonly string[] = ["meta.json", "state.bin", "SHA256SUMS"];

/** Reads and checks a whole archive; the error is Consul's text where Consul has one. */
export function readArchive(tar: Uint8Array): Result<SnapshotContent, string> {
  const files = filesOf(tar);
  if (!files.ok) return fail(`failed to read snapshot file: ${files.error}`);
  const bytes = (name: string) => files.value.get(name) ?? new Uint8Array(0);
  const sums = sumsProblem(bytes("SHA256SUMS"), files.value);
  if (sums !== null)
    return fail(`failed to read snapshot file: failed checking integrity of snapshot: ${sums}`);
  const meta = parseMeta(bytes("meta.json"));
  if (meta === null) return fail("failed to read snapshot file: failed to decode snapshot metadata");
  const state = readState(bytes("state.bin"));
  return state.ok ? ok({ meta, chunks: state.value }) : state;
}

function filesOf(tar: Uint8Array): Result<ReadonlyMap<string, Uint8Array>, string> {
  const files = new Map<string, Uint8Array>();
  if (tar.length % blockBytes !== 0) return fail("failed reading snapshot: unexpected EOF");
  if (tar.length === 0) return ok(files);
  let entries: ReturnType<typeof parseTar>;
  try {
    // The library looks at the whole buffer below, where a slice of a pool has other bytes before it.
    entries = parseTar(new Uint8Array(tar));
  } catch {
    return fail("failed reading snapshot: archive/tar: invalid tar header");
  }
  for (const entry of entries) {
    const { name } = entry;
    const data = "data" in entry ? entry.data : undefined;
    if (name === "") continue;
    if (!expected.includes(name)) return fail(`unexpected file ${JSON.stringify(name)} in snapshot`);
    files.set(name, data ?? new Uint8Array(0));
  }
  return ok(files);
}

/** Null when both files are there and are what their sums say. */
function sumsProblem(sums: Uint8Array, files: ReadonlyMap<string, Uint8Array>): string | null {
  const lines = new Map<string, string>();
  for (const line of new TextDecoder().decode(sums).split("\n")) {
    const [sum = "", name = ""] = line.split(/ +\*?/);
    if (name !== "") lines.set(name, sum);
  }
  const summed = ["meta.json", "state.bin"];
  for (const [name, sum] of lines) {
    if (!summed.includes(name)) return `list missing hash for ${JSON.stringify(name)}`;
    const data = files.get(name) ?? new Uint8Array(0);
    if (bytesToHex(sha256(data)) !== sum) return `hash check failed for ${JSON.stringify(name)}`;
  }
  const unlisted = summed.find((name) => !lines.has(name));
  return unlisted === undefined ? null : `file missing for ${JSON.stringify(unlisted)}`;
}

function parseMeta(bytes: Uint8Array): SnapshotMeta | null {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    if (typeof value !== "object" || value === null) return null;
    const { Version, ID, Index, Term } = value as Partial<SnapshotMeta>;
    const isWhole = Version === 1 && typeof ID === "string" && typeof Index === "number";
    return isWhole && typeof Term === "number" ? (value as SnapshotMeta) : null;
  } catch {
    return null;
  }
}

function readState(bytes: Uint8Array): Result<readonly string[], string> {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    text = "";
  }
  if (text.startsWith('{"format":"legate-state"') && !text.startsWith(stateHead)) {
    return fail("the snapshot was made by a newer release: its state has another form");
  }
  if (!text.startsWith(stateHead)) {
    return fail(
      "the snapshot is one of Consul's own servers, whose state cannot be read here: bring keys over with `consul kv export`, and let agents register their services anew",
    );
  }
  if (!text.endsWith("\n")) return fail("failed to read snapshot file: unexpected EOF");
  return ok(text.slice(stateHead.length).split("\n").slice(0, -1));
}

const gzipHeadBytes = 10;
/** A file that is cut before this ends in the first block of its archive; one that is cut later, in the state. */
const firstBlockBytes = 128;

/** Consul's text for a file that cannot be unpacked: of the head of gzip, or of what it was reading when it ended. */
export function unpackProblem(packed: Uint8Array, problem: string): string {
  const isHeadWhole = packed.length >= gzipHeadBytes && packed[0] === 0x1f && packed[1] === 0x8b;
  if (isHeadWhole) {
    const what =
      packed.length < firstBlockBytes ? "failed reading snapshot" : "failed to read or write snapshot data";
    return `failed to read snapshot file: ${what}: ${problem}`;
  }
  const isCut = packed.length > 0 && packed.length < gzipHeadBytes;
  return `failed to decompress snapshot: ${isCut ? "unexpected EOF" : problem}`;
}
