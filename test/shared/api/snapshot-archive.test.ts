import { createTar, parseTar } from "nanotar";
import { describe, expect, it } from "vitest";
import { readArchive, unpackProblem } from "../../../shared/api/snapshot-archive.ts";
import { archiveOf } from "../../support/snapshot-archives.ts";

const chunks = ['{"table":"kv","rows":["ü"]}', "x".repeat(600)];

/** The archive with one file replaced or left out. */
async function altered(name: string, data: string | null): Promise<Uint8Array> {
  const files = parseTar(await archiveOf(chunks)).filter((file) => file.name !== "" && file.name !== name);
  const kept = files.map((file) => ({ name: file.name, data: "data" in file ? (file.data ?? "") : "" }));
  return createTar(data === null ? kept : [...kept, { name, data }]);
}
const text = (tar: Uint8Array) => {
  const read = readArchive(tar);
  return read.ok ? "" : read.error;
};

describe("a snapshot file", () => {
  it("is a tar of three files that any tar can read, and comes back whole", async () => {
    const tar = await archiveOf(chunks);
    expect(parseTar(tar).map((file) => file.name)).toEqual(["meta.json", "state.bin", "SHA256SUMS"]);
    expect(readArchive(tar)).toMatchObject({ ok: true, value: { meta: { Index: 7, Term: 2 }, chunks } });
    expect(readArchive(await archiveOf([]))).toMatchObject({ value: { chunks: [] } });
  });

  it("is refused when it is damaged, wherever", async () => {
    const tar = await archiveOf(chunks);
    for (let at = 0; at < tar.length; at += 61) {
      const damaged = new Uint8Array(tar);
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      const read = readArchive(damaged);
      // Padding and dates carry nothing; whatever else is hit must show.
      if (read.ok) expect(read.value.chunks).toEqual(chunks);
    }
  });

  it("is refused when it is cut, wherever", async () => {
    const tar = await archiveOf(chunks);
    for (let length = 0; length < tar.length - 1024; length += 101)
      expect(text(tar.slice(0, length))).not.toBe("");
  });

  it("is refused with Consul's texts when a file is missing, foreign or another", async () => {
    const integrity = "failed to read snapshot file: failed checking integrity of snapshot:";
    expect(text(await altered("meta.json", null))).toBe(`${integrity} hash check failed for "meta.json"`);
    expect(text(await altered("SHA256SUMS", null))).toBe(`${integrity} file missing for "meta.json"`);
    expect(text(await altered("state.bin", "other"))).toBe(`${integrity} hash check failed for "state.bin"`);
    expect(text(await altered("extra.txt", "x"))).toBe(
      'failed to read snapshot file: unexpected file "extra.txt" in snapshot',
    );
    expect(text(new Uint8Array(0))).toBe(`${integrity} file missing for "meta.json"`);
    expect(text(new Uint8Array(1024))).toBe(`${integrity} file missing for "meta.json"`);
    expect(text(new Uint8Array(1000))).toMatch(/unexpected EOF$/);
  });

  it("is refused with what Consul was reading when the file ended", () => {
    const gzip = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);
    const told = (bytes: Uint8Array) => unpackProblem(bytes, "unexpected EOF");
    expect(told(gzip.slice(0, 5))).toBe("failed to decompress snapshot: unexpected EOF");
    expect(told(gzip)).toBe("failed to read snapshot file: failed reading snapshot: unexpected EOF");
    expect(told(new Uint8Array([...gzip, ...new Uint8Array(1_000)]))).toBe(
      "failed to read snapshot file: failed to read or write snapshot data: unexpected EOF",
    );
    expect(unpackProblem(new Uint8Array(20), "gzip: invalid header")).toBe(
      "failed to decompress snapshot: gzip: invalid header",
    );
  });
});
