// legate debug against an agent that answers from a table, on time of its own.

import { parseTar } from "nanotar";
import { describe, expect, it } from "vitest";
import type { CliPorts } from "../../../agent/cli/ports.ts";
import { runCli } from "../../../agent/cli/run.ts";
import { fail, ok } from "../../../shared/base/result.ts";
import { cli, fakeConfigPorts } from "./fake-ports.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function debug(...words: string[]) {
  let now = 1_000_000;
  let text = "";
  const paths: string[] = [];
  const trees: [string, readonly string[]][] = [];
  const written: [string, Uint8Array][] = [];
  const ports: Partial<CliPorts> = {
    program: "legate",
    env: {},
    now: () => now,
    after(millis, body) {
      now += millis;
      queueMicrotask(body);
      return () => {};
    },
    stdout: (piece) => {
      text += String(piece);
    },
    stderr: (piece) => {
      text += piece;
    },
    onInterrupt: () => () => {},
    http: async ({ path, onPiece }) => {
      paths.push(path);
      if (path.startsWith("/v1/agent/host")) return fail("no");
      onPiece?.(bytes("a line\n"));
      return ok({ status: 200, body: bytes('{"Config":{"Version":"1.8.7"}}') });
    },
    gzip: async (plain) => plain,
    writeFile: (path, content) => {
      written.push([path, content]);
      return ok(undefined);
    },
    writeTree: (directory, files) => {
      trees.push([directory, [...files.keys()]]);
      return ok(undefined);
    },
    config: fakeConfigPorts({ "there/x": "" }),
  };
  const code = await runCli(["debug", ...words], ports as CliPorts);
  return { code, text, paths, trees, written };
}

describe("legate debug", () => {
  it.each([
    ["-duration=1ms", "duration must be longer than 10s"],
    ["-interval=1s", "interval must be longer than 5s"],
    ["-capture=foo", "target not found: foo"],
  ])("refuses %s before it asks anybody", async (word, text) => {
    const { code, err, requests } = await cli(["debug", word]);
    expect([code, err, requests.length]).toEqual([1, `==> Capture validation failed: ${text}\n`, 0]);
  });

  it("writes over nothing", async () => {
    const { code, text } = await debug("-archive=false", "-output=there");
    expect([code, text]).toEqual([1, "==> Capture validation failed: output already exists: there\n"]);
  });

  it("packs what it got, and tells what it did not get", async () => {
    const { code, text, written } = await debug("-duration=12s", "-interval=5s", "-output=/tmp/d");
    expect(code).toBe(0);
    expect(text).toContain("Unable to capture host.json");
    expect(text).toContain("Saved debug archive: /tmp/d.tar.gz");
    const [path, tar] = written[0] ?? ["", new Uint8Array()];
    expect(path).toBe("/tmp/d.tar.gz");
    expect(parseTar(tar).map(({ name }) => name)).toEqual([
      ...["d/index.json", "d/agent.json", "d/cluster.json"],
      ...["d/1000/metrics.json", "d/1000/legate.log", "d/1005/metrics.json", "d/1005/legate.log"],
      ...["d/1010/metrics.json", "d/1010/legate.log"],
    ]);
  });

  it("records only what is wanted, into a directory when that is wanted", async () => {
    const { code, paths, trees } = await debug("-capture=agent", "-capture=pprof", "-archive=false");
    expect(code).toBe(0);
    expect(paths).toEqual(["/v1/agent/self", "/v1/agent/self"]);
    expect(trees).toEqual([["legate-debug-1000", ["index.json", "agent.json"]]]);
  });
});
