import { describe, expect, it } from "vitest";
import { archiveOf } from "../../support/snapshot-archives.ts";
import { commands } from "../../../agent/cli/registry.ts";
import { snapshotInspect } from "../../../agent/cli/commands/snapshot.ts";
import { cli } from "./fake-ports.ts";

const entry = { Kind: "service-defaults", Name: "web", Protocol: "http" };
const named = ["-kind", "service-defaults", "-name", "web"];

describe("legate config", () => {
  it("writes a file's entry and says which", async () => {
    const files = { "web.json": JSON.stringify(entry) };
    const done = await cli(["config", "write", "web.json"], { files, answers: [{ body: "true\n" }] });
    expect(done).toMatchObject({ code: 0, out: "Config entry written: service-defaults/web\n" });
    expect(done.requests).toMatchObject([{ method: "PUT", path: "/v1/config" }]);
    const stale = await cli(["config", "write", "-cas", "-modify-index=5", "web.json"], {
      files,
      answers: [{ body: "false" }],
    });
    expect(stale).toMatchObject({ code: 1, err: "Config entry not updated: service-defaults/web\n" });
    expect(stale.requests[0]?.path).toBe("/v1/config?cas=5");
  });

  it("reads, lists and deletes", async () => {
    const read = await cli(["config", "read", ...named], { answers: [{ body: JSON.stringify(entry) }] });
    expect(read.out).toBe(
      '{\n    "Kind": "service-defaults",\n    "Name": "web",\n    "Protocol": "http"\n}\n',
    );
    const list = await cli(["config", "list", "-kind", "service-defaults"], {
      answers: [{ body: '[{"Name":"a"}]' }],
    });
    expect(list.out).toBe("a\n");
    const gone = await cli(["config", "delete", ...named], { answers: [{ body: "{}" }] });
    expect(gone.out).toBe("Config entry deleted: service-defaults/web\n");
  });

  it.each([
    [["config", "read"], "Must specify the -kind parameter\n"],
    [["config", "read", "-kind", "x"], "Must specify the -name parameter\n"],
    [["config", "list"], "Must specify the -kind parameter\n"],
    [
      ["config", "write"],
      "Must provide exactly one positional argument to specify the config entry to write\n",
    ],
    [
      ["config", "write", "none"],
      "Failed to load data: Failed to read file: open none: no such file or directory\n",
    ],
  ])("%j is refused", async (words, err) => expect(await cli(words)).toMatchObject({ code: 1, err }));
});

describe("legate snapshot", () => {
  it("inspects a file, and refuses one that is none", async () => {
    expect(commands).toContain(snapshotInspect);
    const tar = await archiveOf(["{}"]);
    const file = new TextDecoder("latin1").decode(tar);
    const shown = await cli(["snapshot", "inspect", "s"], { files: { s: file } });
    expect(shown).toMatchObject({ code: 0 });
    expect(shown.out).toMatch(/^ID {11}2-7-1000\nSize {9}\d+\nIndex {8}7\nTerm {9}2\nVersion {6}1\n\n$/);
    expect(await cli(["snapshot", "inspect", "none"])).toMatchObject({
      code: 1,
      err: "Error opening snapshot file: open none: no such file or directory\n",
    });
    const junk = await cli(["snapshot", "inspect", "s"], { files: { s: "junk" } });
    expect(junk.err).toMatch(/^Error verifying snapshot: failed to read snapshot file: /);
  });

  it("saves only what it could verify, and restores a file", async () => {
    const files: Record<string, string> = {};
    const tar = new TextDecoder("latin1").decode(await archiveOf(["{}"]));
    const saved = await cli(["snapshot", "save", "b.snap"], { files, answers: [{ body: tar }] });
    expect([saved.code, saved.out]).toEqual([0, "Saved and verified snapshot to index 7\n"]);
    expect(Object.keys(files)).toEqual(["b.snap"]);
    const bad = await cli(["snapshot", "save", "c.snap"], { files, answers: [{ body: "cut" }] });
    expect([bad.code, Object.keys(files).length]).toEqual([1, 1]);
    const restored = await cli(["snapshot", "restore", "b.snap"], { files, answers: [{ body: "" }] });
    expect(restored).toMatchObject({ code: 0, out: "Restored snapshot\n" });
    expect(await cli(["snapshot", "save"])).toMatchObject({ code: 1, err: "Missing FILE argument\n" });
  });
});
