import { describe, expect, it } from "vitest";
import { commandHelp, groupHelp, optionsOf, programHelp } from "../../../agent/cli/help.ts";
import { commands, groups } from "../../../agent/cli/registry.ts";
import { runCli } from "../../../agent/cli/run.ts";
import { cli } from "./fake-ports.ts";

describe("the command line", () => {
  it("prints the commands: as an error without a word, on request with code 0", async () => {
    expect(runCli).toBeTypeOf("function");
    expect(programHelp("x", [])).toContain("Usage: x");
    expect(await cli([])).toMatchObject({ code: 127, out: "" });
    expect(await cli(["nothing"])).toMatchObject({ code: 127 });
    expect(await cli(["intention"])).toMatchObject({ code: 1 });
    for (const words of [["help"], ["--help"], ["-h"]]) {
      const { code, out } = await cli(words);
      expect(code).toBe(0);
      for (const { name } of groups.filter((each) => !each.name.includes(" ")))
        expect(out).toContain(`    ${name}`);
    }
  });

  it("has help for every command and group", async () => {
    for (const command of commands) {
      const { code, out } = await cli([...command.name.split(" "), "-h"]);
      expect(code).toBe(0);
      expect(out).toBe(commandHelp("legate", command));
      for (const { name, hidden } of optionsOf(command))
        if (hidden !== true) expect(out).toContain(`  -${name}`);
    }
    for (const group of groups) {
      expect((await cli([group.name, "-h"])).out).toContain(groupHelp("legate", group, []).split("\n")[0]);
      expect((await cli([group.name])).code).toBe(1);
      expect((await cli([group.name, "nothing"])).code).toBe(1);
    }
    expect((await cli(["help", "kv", "get"])).out).toContain("Usage: legate kv get");
  });

  it("refuses unknown options and too many words with one line and a way on", async () => {
    const unknown = await cli(["catalog", "nodes", "-nope"]);
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.err).toBe("flag provided but not defined: -nope\nAll options: legate catalog nodes -h\n");
    expect((await cli(["kv", "get", "a", "-recurse"])).err).toContain("Options stand before other words");
    expect((await cli(["members", "extra", "args"], { answers: [{ body: "[]" }] })).code).toBe(2);
  });

  it("generates keys and prints versions that scripts can read", async () => {
    expect((await cli(["keygen"])).out).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
    expect((await cli(["version"])).out).toMatch(/^Legate v0\.1\.0\nConsul v1\.8\.7 /);
    expect((await cli(["--version"])).out).toContain("Consul v1.8.7");
    expect(JSON.parse((await cli(["version", "-format=json"])).out)).toMatchObject({ Version: "1.8.7" });
    expect((await cli(["version", "-format=x"])).code).toBe(1);
  });

  it("validates configuration files together", async () => {
    const files = {
      "ok.json": '{"server":true,"data_dir":"/tmp/x","bootstrap_expect":1}',
      "bad.json": '{"no_such":1}',
    };
    expect(await cli(["validate", "ok.json"], { files })).toMatchObject({
      code: 0,
      out: "Configuration is valid!\n",
    });
    expect(await cli(["validate", "-quiet", "ok.json"], { files })).toMatchObject({
      code: 0,
      out: "",
      err: "",
    });
    const bad = await cli(["validate", "ok.json", "bad.json"], { files });
    expect(bad).toMatchObject({ code: 1, out: "" });
    expect(bad.err).toContain("invalid config key no_such");
    expect((await cli(["validate"])).code).toBe(1);
    expect((await cli(["validate", "missing"])).code).toBe(1);
  });

  it("runs an agent only with a configuration that can work", async () => {
    expect(await cli(["agent", "-dev"])).toMatchObject({ code: 0, agents: 1 });
    expect(await cli(["agent", "-data-dir=/d", "-serf-lan-port=-1"])).toMatchObject({ code: 1, agents: 0 });
    expect(await cli(["agent", "-no-such-flag"])).toMatchObject({ code: 1, agents: 0 });
    const words = ["agent", "-data-dir=/d", "-edge-url=http://a", "-edge-token=x", "-syslog"];
    const run = await cli(words);
    expect(run).toMatchObject({ code: 0, agents: 1 });
    expect(run.err).toBe(
      "==> WARNING: no effect yet: enable_syslog (docs/compatibility.md says what works)\n",
    );
  });
});
