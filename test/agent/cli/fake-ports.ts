// A command line without a process: text files in a map, answers of an agent in a list, and what was printed.

import type { ConfigPorts } from "../../../agent/config/load.ts";
import type { CliHttpRequest, CliPorts } from "../../../agent/cli/ports.ts";
import { runCli } from "../../../agent/cli/run.ts";
import { fail, ok } from "../../../shared/base/result.ts";

export type Answer = { readonly status?: number; readonly body: string };

export function fakeConfigPorts(files: Readonly<Record<string, string>>, env = {}): ConfigPorts {
  const inside = (path: string) => {
    const folder = `${path.replace(/\/+$/, "")}/`;
    return Object.keys(files)
      .filter((name) => name.startsWith(folder))
      .map((name) => name.slice(folder.length));
  };
  return {
    readText: (path) =>
      files[path] === undefined ? fail(`open ${path}: no such file or directory`) : ok(files[path]),
    listDirectory: (path) => {
      if (files[path] !== undefined) return ok(null);
      const names = inside(path);
      return names.length > 0 ? ok(names) : fail(`open ${path}: no such file or directory`);
    },
    hostname: "host1",
    hostAddress: "10.0.0.7",
    env,
  };
}

/** Runs one command line; answers are given to its requests in turn, none left means nobody listens. */
export async function cli(
  words: readonly string[],
  setup: {
    files?: Record<string, string>;
    answers?: readonly Answer[];
    env?: Record<string, string>;
    stdin?: string;
  } = {},
): Promise<{ code: number; out: string; err: string; requests: readonly CliHttpRequest[]; agents: number }> {
  const { files = {}, answers = [], env = {}, stdin = "" } = setup;
  const requests: CliHttpRequest[] = [];
  let out = "";
  let err = "";
  let agents = 0;
  const bytes = (text: string) => new TextEncoder().encode(text);
  const ports: CliPorts = {
    program: "legate",
    stdout: (text) => {
      out += typeof text === "string" ? text : new TextDecoder().decode(text);
    },
    stderr: (text) => {
      err += text;
    },
    readFile: (path) =>
      files[path] === undefined ? fail(`open ${path}: no such file or directory`) : ok(bytes(files[path])),
    writeFile: (path, content) => {
      files[path] = new TextDecoder("latin1").decode(content);
      return ok(undefined);
    },
    writeTree: () => ok(undefined),
    gzip: async (plain) => plain,
    gunzip: async (packed) => ok(packed),
    readStdin: async () => bytes(stdin),
    env,
    http: async (request) => {
      const answer = answers[requests.length];
      requests.push(request);
      if (answer === undefined) return fail("dial tcp 127.0.0.1:8500: connect: connection refused");
      return ok({ status: answer.status ?? 200, body: bytes(answer.body) });
    },
    spawn: async () => fail("no program is run here"),
    now: () => 0,
    after: () => () => {},
    onInterrupt: () => () => {},
    randomBytes: (count) => new Uint8Array(count).fill(7),
    config: fakeConfigPorts(files, env),
    runAgent: async () => {
      agents += 1;
      return 0;
    },
  };
  const code = await runCli(words, ports);
  return { code, out, err, requests, agents };
}
