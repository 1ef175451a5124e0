// Checks on the code itself that neither the compiler nor the linter makes: import fences (docs/architecture.md),
// banned clocks and dice, purity, sizes, headers and missing test mirrors.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
});
const files = listed.split("\n").filter((file) => file !== "" && existsSync(join(root, file)));
const sources = files.filter(
  (file) => /^(shared|worker|agent|bench|ui)\/.*\.ts$/.test(file) && !file.endsWith(".d.ts"),
);
const code = files.filter((file) => /\.ts$/.test(file));

function text(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The text without comments and string literals, so that words in them are not mistaken for code. */
function bare(file: string): string {
  return text(file)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
    .replace(/(^|[^:])\/\/.*$/gm, "$1");
}

function importsOf(file: string): string[] {
  const found = [...text(file).matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
  return found.map((name) => (name.startsWith(".") ? normalize(join(dirname(file), name)) : name));
}

const isRuntime = (file: string) =>
  /^(worker\/runtime|agent\/runtime)\//.test(file) ||
  ["agent/main.ts", "worker/index.ts", "worker/consul-server.ts"].includes(file) ||
  file.startsWith("bench/");
const isPure = (file: string) =>
  /^shared\/(base|structs|raft|gossip|serf|state|fsm|wire|coordinate|prepared-query|config-entry|discovery-chain)\//.test(
    file,
  );

// Folder of a file → what it may import from inside the project. The first row that matches counts.
const fences: readonly (readonly [RegExp, RegExp])[] = [
  [/^shared\/base\//, /^shared\/base\/|^shared\/limits\.ts$/],
  [/^shared\/limits\.ts$/, /^$/],
  [/^shared\/errors\.ts$/, /^shared\/base\//],
  [/^shared\/structs\//, /^shared\/(base|structs)\/|^shared\/(limits|errors)\.ts$/],
  [/^shared\/raft\//, /^shared\/(base|raft)\/|^shared\/limits\.ts$/],
  [/^shared\/coordinate\//, /^shared\/(base|structs|coordinate)\//],
  [/^shared\/prepared-query\//, /^shared\/(base|structs|prepared-query)\/|^shared\/(limits|errors)\.ts$/],
  [
    /^shared\/state\//,
    /^shared\/(base|structs|state|rpc|coordinate|prepared-query|config-entry|discovery-chain)\/|^shared\/(limits|errors)\.ts$/,
  ],
  [/^shared\/(config-entry|discovery-chain)\//, /^shared\/(base|structs|config-entry|discovery-chain)\//],
  [/^shared\/gossip\//, /^shared\/(base|gossip)\/|^shared\/limits\.ts$/],
  [/^shared\/serf\//, /^shared\/(base|structs|gossip|serf|coordinate)\/|^shared\/limits\.ts$/],
  [
    /^shared\/wire\//,
    /^shared\/(base|structs|wire)\/|^shared\/limits\.ts$|^shared\/(gossip|serf|raft)\/types\.ts$/,
  ],
  [/^shared\/fsm\//, /^shared\/(base|structs|state|fsm)\/|^shared\/(limits|errors)\.ts$/],
  [/^shared\/rpc\//, /^shared\/(base|structs|rpc)\/|^shared\/(limits|errors)\.ts$/],
  [/^shared\/api\//, /^shared\/(base|structs|rpc|api|bexpr)\/|^shared\/(limits|errors|version)\.ts$/],
  [/^worker\/server\//, /^(shared|worker\/server)\//],
  [/^worker\//, /^(shared|worker)\//],
  [/^agent\/runtime\/server-host/, /^(shared|agent|worker\/server)\//],
  [/^agent\/(runtime\/|main\.ts)/, /^(shared|agent)\//],
  [/^agent\//, /^shared\/(?!raft|state|fsm)|^agent\/(?!runtime\/)/],
];

const banned: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, "take `now` as an argument or from the Clock port"],
  [/\bMath\.random\b|\bcrypto\./, "take randomness from shared/base/prng.ts or the Entropy port"],
  [/\bset(?:Timeout|Interval|Immediate)\b/, "return a deadline or use the Timers port"],
  [/\bprocess\.|\bconsole\.|\bglobalThis\b/, "take it through a port"],
];

describe("the code's own rules", () => {
  it("imports only what its folder may", () => {
    const wrong = sources.flatMap((file) => {
      const fence = fences.find(([where]) => where.test(file));
      if (fence === undefined) return [];
      const inside = importsOf(file).filter((name) => /^(shared|worker|agent|test|ui|bench)\//.test(name));
      return inside.filter((name) => !fence[1].test(name)).map((name) => `${file} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it("keeps node: and cloudflare: in the runtimes", () => {
    const wrong = sources
      .filter((file) => !isRuntime(file))
      .flatMap((file) =>
        importsOf(file)
          .filter((name) => /^(node|cloudflare):/.test(name))
          .map((name) => `${file} imports ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it("reads no clock, rolls no dice and sets no timer outside the runtimes", () => {
    const wrong = sources
      .filter((file) => !isRuntime(file))
      .flatMap((file) =>
        banned
          .filter(([pattern]) => pattern.test(bare(file)))
          .map(([pattern, instead]) => `${file}: ${pattern.source}: ${instead}`),
      );
    expect(wrong).toEqual([]);
  });

  it("awaits nothing in the pure folders", () => {
    expect(sources.filter((file) => isPure(file) && /\b(async|await)\b/.test(bare(file)))).toEqual([]);
  });

  it("silences no compiler, uses no `any`, leaves no reminder behind", () => {
    const words = /@ts-(ignore|nocheck|expect-error)|biome-ignore-all|\b(FIXME|TODO|XXX)\b/;
    const types = /:\s*any\b|\bas any\b|<any>/;
    const wrong = code.filter((file) => words.test(text(file)) || types.test(bare(file)));
    expect(wrong.filter((file) => file !== "test/tidy.test.ts")).toEqual([]);
  });

  it("says in its first line what a file is for", () => {
    expect(sources.filter((file) => !/^(\/\/|\/\*|#!)/.test(text(file)))).toEqual([]);
  });

  it("keeps files under 400 lines", () => {
    expect(code.filter((file) => text(file).split("\n").length > 401)).toEqual([]);
  });

  it("has no file that nobody imports", () => {
    const imported = new Set(code.flatMap(importsOf));
    const entries = /^(agent\/main\.ts|agent\/runtime\/start\.ts|worker\/index\.ts|bench\/)/;
    expect(sources.filter((file) => !entries.test(file) && !imported.has(file))).toEqual([]);
  });

  it("has a test beside every file that decides something", () => {
    const tests = code
      .filter((file) => file.startsWith("test/"))
      .map(text)
      .join("\n");
    const wrong = sources.filter((file) => {
      if (
        isRuntime(file) ||
        /(^|\/)(index|types|ports|config|http|methods|backend|frames|sql|limits)\.ts$/.test(file)
      )
        return false;
      if (/^shared\/structs\/(?!parse)/.test(file) && !/export function/.test(text(file))) return false;
      if (!/export (async )?(function|const|class)/.test(text(file))) return false;
      const mirror = `test/${file.replace(/\.ts$/, ".test.ts")}`;
      return !existsSync(join(root, mirror)) && !tests.includes(`/${file}"`);
    });
    expect(wrong).toEqual([]);
  });

  it("commits no registry address and no path of a machine", () => {
    const lock = text("package-lock.json");
    expect(/"resolved"/.test(lock)).toBe(false);
    const wrong = files.filter(
      (file) => /\.(ts|md|json|toml|yml)$|ci\/run$/.test(file) && file !== "test/tidy.test.ts",
    );
    expect(wrong.filter((file) => /\/work\/(main|shared)\b|\/tmp\/claude/.test(text(file)))).toEqual([]);
  });
});
