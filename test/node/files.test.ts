// Files of the data directory, and what is said when it cannot be used.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { diskFiles, memoryFiles } from "../../agent/runtime/files.ts";
import { listenErrorText, prepareDataDir } from "../../agent/runtime/start-errors.ts";
import { scratch } from "../support/legate-process.ts";

const directory = scratch("files");
afterAll(() => directory.remove());

describe.each([
  ["disk", () => diskFiles(join(directory.path, "data"))],
  ["memory", memoryFiles],
] as const)("files on %s", (_, make) => {
  it("reads back what it wrote, lists a directory, forgets what is removed", () => {
    const files = make();
    expect(files.read("services/a")).toBeNull();
    expect(files.list("services")).toEqual([]);
    files.write("services/b", "2");
    files.write("services/a", "1");
    files.write("services/a", "ä");
    expect([files.read("services/a"), files.list("services")]).toEqual(["ä", ["a", "b"]]);
    files.remove("services/a");
    files.remove("services/a");
    expect([files.read("services/a"), files.list("services")]).toEqual([null, ["b"]]);
    files.write("checks/state/c", "3");
    expect(files.read("checks/state")).toBeNull();
  });
});

describe("files on disk", () => {
  it("are readable by their owner only and leave nothing half written", () => {
    const root = join(directory.path, "modes");
    diskFiles(root).write("node-id", "x");
    expect(statSync(join(root, "node-id")).mode & 0o777).toBe(0o600);
    expect(readdirSync(root)).toEqual(["node-id"]);
    expect(readFileSync(join(root, "node-id"), "utf8")).toBe("x");
  });
});

describe("what is said when the agent cannot start", () => {
  it("makes the data directory, or names it with what to do", () => {
    expect(prepareDataDir(join(directory.path, "new", "deep")).ok).toBe(true);
    expect(prepareDataDir("").ok).toBe(true);
    const file = join(directory.path, "file");
    writeFileSync(file, "");
    mkdirSync(join(directory.path, "fine"));
    const refused = prepareDataDir(file);
    expect(refused.ok ? "" : refused.error).toBe(
      `the data directory ${file} is not a directory: choose another with -data-dir, or change its owner`,
    );
  });

  it("names the port in use and how to find its owner", () => {
    expect(listenErrorText("DNS", "::1", 8600, { code: "EADDRINUSE" })).toBe(
      `DNS cannot listen on [::1]:8600: the port is in use; find its owner with "ss -tulpn 'sport = :8600'", ` +
        "or choose another with -dns-port",
    );
    expect(listenErrorText("HTTP", "192.0.2.1", 80, { code: "EADDRNOTAVAIL" })).toContain("no interface");
  });
});
