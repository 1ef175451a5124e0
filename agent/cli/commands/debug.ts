// legate debug: what an agent says of itself, once and at intervals, and its log, in one archive to pass on.

import { createTar } from "nanotar";
import { formatGoDuration, parseGoDuration } from "../../../shared/base/millis.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { limits } from "../../../shared/limits.ts";
import { flagBool, flagList, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { ask, askJson, failed } from "../http-client.ts";
import { wrap } from "../output.ts";

const durationMillisMin = 10_000;
const intervalMillisMin = 5_000;
const targets = ["metrics", "logs", "host", "agent", "cluster"] as const;
const snapshots = {
  host: "/v1/agent/host",
  agent: "/v1/agent/self",
  cluster: "/v1/agent/members?wan=1",
} as const;

export const debugCommand: Command = {
  name: "debug",
  summary: "Records a debugging archive for operators",
  args: "",
  help: "Records for a while what the agent says of itself, its host, its metrics, its log at every level and the members that it knows. The archive can hold names and addresses: look into it before you pass it on.\n\n$ debug\n\n$ debug -interval=20s -duration=1m\n\n$ debug -capture=metrics -capture=agent\n\n$ debug -output=/tmp/incident -archive=false",
  asks: "agent",
  argsMax: 0,
  flags: [
    { name: "archive", type: "bool", doc: "One .tar.gz; -archive=false leaves a directory. Default: true." },
    {
      name: "capture",
      type: "list",
      value: "what",
      doc: `Only this, any number of times: ${targets.join(", ")}. Default: all. There is no pprof.`,
    },
    { name: "duration", type: "text", value: "duration", doc: "How long. Default: 2m0s; at least 10s." },
    {
      name: "interval",
      type: "text",
      value: "duration",
      doc: "How often metrics are recorded. Default: 30s; at least 5s.",
    },
    { name: "output", type: "text", value: "path", doc: "Where to; .tar.gz is added. Default: here." },
  ],
  run: async (context) => {
    const { ports } = context;
    const read = planOf(context);
    if (!read.ok) return failed(context, "==> Capture validation failed", read.error);
    const self = await askJson<{ Config?: { Version?: string } }>(context, { path: "/v1/agent/self" });
    if (!self.ok)
      return failed(context, "==> Capture validation failed", `error querying target agent: ${self.error}`);
    const plan = read.value;
    const version = self.value.Config?.Version ?? "";
    ports.stdout(headOf(plan, version));
    const files = new Map<string, Uint8Array>();
    const index = {
      Version: 1,
      AgentVersion: version,
      Interval: formatGoDuration(plan.intervalMillis),
      Duration: formatGoDuration(plan.durationMillis),
      Targets: plan.capture,
    };
    files.set("index.json", encoder.encode(JSON.stringify(index, null, "\t")));
    for (const [name, path] of Object.entries(snapshots)) {
      if (plan.capture.includes(name)) await record(context, files, `${name}.json`, path);
    }
    await recordOverTime(context, plan, files);
    const saved = await save(context, plan, files);
    if (!saved.ok) return failed(context, "==> Archive creation failed", saved.error);
    ports.stdout(`    Saved debug archive: ${saved.value}\n`);
    return 0;
  },
};

type Plan = {
  readonly capture: readonly string[];
  readonly durationMillis: number;
  readonly intervalMillis: number;
  readonly archive: boolean;
  /** Without .tar.gz. */
  readonly output: string;
};

const encoder = new TextEncoder();

function planOf({ flags, ports }: CommandContext): Result<Plan, string> {
  const duration = parseGoDuration(flagText(flags, "duration") ?? "2m");
  if (!duration.ok) return fail(`duration: ${duration.error}`);
  const interval = parseGoDuration(flagText(flags, "interval") ?? "30s");
  if (!interval.ok) return fail(`interval: ${interval.error}`);
  if (duration.value < durationMillisMin) return fail("duration must be longer than 10s");
  if (interval.value < intervalMillisMin) return fail("interval must be longer than 5s");
  const asked = flagList(flags, "capture");
  const unknown = asked.find((name) => name !== "pprof" && !targets.some((target) => target === name));
  if (unknown !== undefined) return fail(`target not found: ${unknown}`);
  if (asked.includes("pprof")) ports.stderr("==> Unable to capture pprof: this agent has no profiles\n");
  const standard = `${ports.program}-debug-${Math.floor(ports.now() / 1000)}`;
  const output = (flagText(flags, "output") ?? standard).replace(/\/+$/, "");
  const archive = flagText(flags, "archive") === undefined || flagBool(flags, "archive");
  const target = archive ? `${output}.tar.gz` : output;
  if (ports.config.listDirectory(target).ok) return fail(`output already exists: ${target}`);
  return ok({
    capture: asked.length === 0 ? targets : asked.filter((name) => name !== "pprof"),
    durationMillis: duration.value,
    intervalMillis: Math.min(interval.value, duration.value),
    archive,
    output,
  });
}

function headOf(plan: Plan, version: string): string {
  const rows = [
    ["Agent Version", version],
    ["Interval", formatGoDuration(plan.intervalMillis)],
    ["Duration", formatGoDuration(plan.durationMillis)],
    ["Output", plan.archive ? `${plan.output}.tar.gz` : plan.output],
    ["Capture", plan.capture.join(", ")],
  ];
  const lines = rows.map(([name = "", value = ""]) => `${`${name}: `.padStart(20)}'${value}'\n`);
  return `==> Starting debugger and capturing static information...\n${lines.join("")}`;
}

/** What cannot be had is told, and the rest goes on. */
async function record(
  context: CommandContext,
  files: Map<string, Uint8Array>,
  name: string,
  path: string,
): Promise<void> {
  const reply = await ask(context, { path });
  if (reply.ok) files.set(name, reply.value.bytes);
  else context.ports.stderr(wrap(`Unable to capture ${name}: ${reply.error}`, "==> ", 120));
}

/** Metrics at the beginning of each interval, the log all the time; an interrupt ends it early. */
async function recordOverTime(
  context: CommandContext,
  plan: Plan,
  files: Map<string, Uint8Array>,
): Promise<void> {
  const { ports } = context;
  let interrupted = false;
  let wake = (): void => {};
  const takeBack = ports.onInterrupt(() => {
    interrupted = true;
    wake();
  });
  const pieces: Uint8Array[] = [];
  const stopLog = plan.capture.includes("logs") ? followLog(context, pieces) : () => {};
  const began = ports.now();
  for (let count = 1; !interrupted; count++) {
    const now = ports.now();
    const left = began + plan.durationMillis - now;
    if (left <= 0) break;
    const folder = String(Math.floor(now / 1000));
    if (plan.capture.includes("metrics"))
      await record(context, files, `${folder}/metrics.json`, "/v1/agent/metrics");
    await new Promise<void>((resolve) => {
      const cancel = ports.after(Math.min(plan.intervalMillis, left), resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
    if (plan.capture.includes("logs")) files.set(`${folder}/${ports.program}.log`, joined(pieces.splice(0)));
    ports.stdout(`==> Capture successful (${count})\n`);
  }
  stopLog();
  takeBack();
}

/** The returned function ends it. */
function followLog(context: CommandContext, pieces: Uint8Array[]): () => void {
  let stop = (): void => {};
  let taken = 0;
  let stopped = false;
  const ended = ask(context, {
    path: "/v1/agent/monitor",
    query: [["loglevel", "TRACE"]],
    onPiece: (piece) => {
      taken += piece.length;
      if (taken <= limits.debugLogBytesMax) pieces.push(piece);
    },
    onStart: (end) => {
      stop = end;
    },
  });
  void ended.then((reply) => {
    if (!reply.ok && !stopped) context.ports.stderr(`==> Unable to capture logs: ${reply.error}\n`);
  });
  return () => {
    stopped = true;
    stop();
  };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    all.set(piece, position);
    position += piece.length;
  }
  return all;
}

async function save(
  { ports }: CommandContext,
  plan: Plan,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Result<string, string>> {
  if (!plan.archive) {
    const written = ports.writeTree(plan.output, files);
    return written.ok ? ok(plan.output) : written;
  }
  const base = plan.output.split("/").at(-1) ?? "debug";
  const attrs = { mtime: ports.now(), mode: "600" };
  const entries = [...files].map(([name, data]) => ({ name: `${base}/${name}`, data, attrs }));
  const path = `${plan.output}.tar.gz`;
  const written = ports.writeFile(path, await ports.gzip(createTar(entries)));
  return written.ok ? ok(path) : written;
}
