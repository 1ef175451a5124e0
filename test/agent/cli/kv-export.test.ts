import { describe, expect, it } from "vitest";
import { kvExport, kvImport } from "../../../agent/cli/commands/kv-export.ts";
import { cli } from "./fake-ports.ts";

const entries =
  '[{"LockIndex":0,"Key":"e/1","Flags":18446744073709551615,"Value":"b25l","CreateIndex":1,"ModifyIndex":1},' +
  '{"LockIndex":0,"Key":"e/2","Flags":0,"Value":null,"CreateIndex":1,"ModifyIndex":1}]';

describe("kv export and import", () => {
  it("writes a tree as Consul does, and reads it back unrounded", async () => {
    const exported = await cli(["kv", "export", "e/"], { answers: [{ body: entries }] });
    expect(exported.out).toBe(
      '[\n\t{\n\t\t"key": "e/1",\n\t\t"flags": 18446744073709551615,\n\t\t"value": "b25l"\n\t},\n' +
        '\t{\n\t\t"key": "e/2",\n\t\t"flags": 0,\n\t\t"value": ""\n\t}\n]\n',
    );
    const answers = [{ body: "true" }, { body: "true" }];
    const imported = await cli(["kv", "import", "-"], { stdin: exported.out, answers });
    expect(imported).toMatchObject({ code: 0, out: "Imported: e/1\nImported: e/2\n" });
    expect(
      imported.requests.map(({ path, body }) => [path, new TextDecoder().decode(body as Uint8Array)]),
    ).toEqual([
      ["/v1/kv/e/1?flags=18446744073709551615", "one"],
      ["/v1/kv/e/2?flags=0", ""],
    ]);
  });

  it("exports nothing as an empty list, and imports from a file or a word", async () => {
    expect((await cli(["kv", "export", "x"], { answers: [{ status: 404, body: "" }] })).out).toBe("[]\n");
    const text = '[{"key":"a","flags":0,"value":"eA=="}]';
    const answers = [{ body: "true" }];
    expect((await cli(["kv", "import", text], { answers })).code).toBe(0);
    expect((await cli(["kv", "import", "@f"], { answers, files: { f: text } })).code).toBe(0);
    expect([kvExport.argsMax, kvImport.argsMax]).toEqual([1, 1]);
  });

  it("writes nothing when any of it cannot be read", async () => {
    for (const text of [
      "not json",
      "{}",
      '[{"key":""}]',
      '[{"key":"a","value":"!"}]',
      '[{"key":"a","flags":-1}]',
    ]) {
      const refused = await cli(["kv", "import", text], { answers: [{ body: "true" }] });
      expect(refused).toMatchObject({ code: 1, requests: [] });
      expect(refused.err).toMatch(/Cannot unmarshal data|Error base 64 decoding/);
    }
    expect((await cli(["kv", "import"])).code).toBe(1);
    expect((await cli(["kv", "import", "@none"])).err).toContain("Failed to read file");
  });
});
