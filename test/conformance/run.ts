// `npm run conformance [-- RUNNER OPTIONS]`: the corpus of recorded answers against a fresh agent for every file, with
// its server in the agent's process, and with --edge against an agent whose servers are Durable Objects in workerd.
// The corpus is not part of this repository: it is looked for at ../shared/conformance or at CONFORMANCE_DIR.

import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../..");
const corpus = resolve(process.env.CONFORMANCE_DIR ?? join(repository, "../shared/conformance"));
const runner = join(corpus, "run.mjs");

/** Scenarios of areas that Legate does not have yet (docs/compatibility.md lists them); everything else must pass. */
const missing = ["acl-*", "cli-acl/*", "connect-*", "intentions-*", "multidc-*", "cli-basic/intention"];
/** Recorded where the agent is itself the only server: at the edge it is none, and the servers have names of their own. */
const ofOwnServer = [
  "agent-boot/*",
  "operator-keyring/*",
  "session-ttl/*",
  "agent-misc/self basics",
  "agent-misc/members",
  "cli-basic/members and info",
  "cli-basic/operator",
  "operator-basic/raft configuration",
  "operator-basic/autopilot health",
  "operator-basic/keyring is off",
  "coordinate-basic/datacenters and nodes",
  "http-behaviour/the web ui",
];

const flags =
  "-node={node} -http-port={http_port} -dns-port={dns_port} -serf-lan-port={serf_lan_port} " +
  "-serf-wan-port={serf_wan_port} -server-port={server_port} -grpc-port={grpc_port} -config-file={config_file}";

function main(words: readonly string[]): number {
  if (!existsSync(runner)) {
    process.stdout.write(
      `conformance: skipped, there is no corpus at ${corpus} (set CONFORMANCE_DIR to the folder that holds run.mjs)\n`,
    );
    return 0;
  }
  const edge = words.includes("--edge");
  const options = words.filter((word) => word !== "--edge");
  const legate = join(repository, "agent/bin/legate");
  const single = `${legate} agent -dev ${flags}`;
  const node = join(repository, "node_modules/.bin/node");
  const start = join(repository, "agent/runtime/start.ts");
  // The corpus was recorded on a single server.
  const besideEdge = `env LEGATE_SERVERS=1 LEGATE_EDGE_PORT=0 LEGATE_DATA_DIR={data_dir} ${node} ${start} ${flags}`;
  const chosen = options.includes("--only")
    ? []
    : scenariosThatMustPass(edge).flatMap((name) => ["--only", name]);
  const own = ["--single", "--verbose", "--cli", legate, "--spawn", edge ? besideEdge : single];
  const run = spawnSync(process.execPath, [runner, ...own, ...chosen, ...options], { stdio: "inherit" });
  return run.status ?? 1;
}

/** "file/scenario" of all that must pass, as the runner lists them. */
function scenariosThatMustPass(edge: boolean): string[] {
  const without = [...missing, ...(edge ? ofOwnServer : [])].map(
    (glob) => new RegExp(`^${glob.replaceAll("*", ".*")}$`),
  );
  const names = listed()
    .split("\n")
    .map((line) => line.split("\t")[0] ?? "");
  return names.filter((name) => name !== "" && !without.some((glob) => glob.test(name)));
}

/** Into a file: the runner exits at once, and what a pipe could not take by then is lost. */
function listed(): string {
  const directory = mkdtempSync(join(tmpdir(), "legate-conformance-"));
  try {
    const file = join(directory, "list");
    const out = openSync(file, "w");
    const { status } = spawnSync(process.execPath, [runner, "--single", "--list"], {
      stdio: ["ignore", out, "inherit"],
    });
    closeSync(out);
    if (status !== 0) throw new Error(`the corpus cannot be listed: ${runner} exited with ${status}`);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

process.exitCode = main(process.argv.slice(2));
