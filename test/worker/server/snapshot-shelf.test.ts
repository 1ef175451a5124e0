import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/limits.ts";
import { snapshotEndpoints } from "../../../worker/server/endpoints/snapshot.ts";
import { createSnapshotShelf } from "../../../worker/server/snapshot-shelf.ts";

function world() {
  const due = new Set<() => void>();
  const shelf = createSnapshotShelf({
    after(_, body) {
      due.add(body);
      return () => void due.delete(body);
    },
  });
  return { shelf, late: () => [...due].forEach((body) => void body()) };
}

describe("snapshots that are being read", () => {
  it("are kept until they were read", () => {
    const { shelf } = world();
    expect(shelf.put("a", ["x", "ü"])).toEqual({ ok: true, value: { chunks: 2, bytes: 3 } });
    expect(shelf.chunk("a", 0)).toEqual({ ok: true, value: "x" });
    expect(shelf.chunk("a", 1)).toEqual({ ok: true, value: "ü" });
    expect(shelf.size).toBe(0);
    expect(shelf.chunk("a", 1).ok).toBe(false);
  });

  it("are few, bounded, and forgotten when nobody reads on", () => {
    const { shelf, late } = world();
    shelf.put("a", ["x"]);
    shelf.put("b", ["x"]);
    expect(shelf.put("c", ["x"])).toMatchObject({ ok: false, error: { code: "tooBusy" } });
    late();
    expect(shelf.size).toBe(0);
    const endless = function* () {
      for (;;) yield "x".repeat(1 << 20);
    };
    expect(shelf.put("d", endless()).ok).toBe(false);
    expect([shelf.size, limits.snapshotUnpackedBytesMax]).toEqual([0, 64 << 20]);
  });

  it("are asked for in one form", () => {
    const { check } = snapshotEndpoints["Snapshot.Stage"];
    const request = { datacenter: "", token: "", id: "i", number: 0, chunk: "{}" };
    expect(check(request).ok).toBe(true);
    expect(check({ ...request, number: -1 }).ok).toBe(false);
  });
});
