// legate exec: a session holds the job in the KV store, an event tells the agents of it, and what they write next to
// the job is shown until nothing more comes (surface G2).

import { bytesToBase64 } from "../../../shared/base/base64.ts";
import { parseGoDuration } from "../../../shared/base/millis.ts";
import { compileGoRegexp } from "../../../shared/base/regexp.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { flagBool, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { type ExecJob, followJob } from "../exec/follow.ts";
import { ask, askJson, failed, pathOf } from "../http-client.ts";
import { openSession, pause } from "../lock/session.ts";

export const execCommand: Command = {
  name: "exec",
  summary: "Executes a command on many nodes",
  args: "[-|COMMAND...]",
  help: "Runs a command on every agent of the datacenter that allows it (disable_remote_exec = false), or on those whom the filters name: regular expressions. With - a script is read from standard input.\n\n$ exec uptime\n\n$ exec -service=web -tag=canary systemctl restart web",
  asks: "server",
  argsMax: -1,
  flags: [
    { name: "node", type: "text", value: "regexp", doc: "Only nodes whose name matches." },
    { name: "service", type: "text", value: "regexp", doc: "Only nodes with a service whose name matches." },
    { name: "tag", type: "text", value: "regexp", doc: "Only where that service has a tag that matches." },
    {
      name: "prefix",
      type: "text",
      value: "key",
      doc: "Where in the KV store the job lies. Default: _rexec.",
    },
    {
      name: "shell",
      type: "bool",
      doc: "Run the command with a shell. Default: true; -shell=false takes the words as they are.",
    },
    { name: "verbose", type: "bool", doc: "Tell what is done." },
    {
      name: "wait",
      type: "text",
      value: "duration",
      doc: "End when nothing came for this long and no node is still at work. Default: 2s.",
    },
    {
      name: "wait-repl",
      type: "text",
      value: "duration",
      doc: "Wait so long between job and event, for servers that are behind. Default: 200ms.",
    },
  ],
  run: async (context) => {
    const { flags, ports } = context;
    const given = (name: string) => flagText(flags, name) ?? "";
    const wrong = mistake(given, flags.args.length);
    if (wrong !== null) return failedPlainly(context, wrong);
    const wait = duration(flagText(flags, "wait"), "2s", "wait");
    if (!wait.ok) return failedPlainly(context, wait.error);
    const replication = duration(flagText(flags, "wait-repl"), "200ms", "wait-repl");
    if (!replication.ok) return failedPlainly(context, replication.error);
    const found = await checkDatacenter(context);
    if (!found.ok) return failed(context, "Failed to create session", found.error);
    const what = await jobText(context, wait.value);
    const session = await openSession(context, "Remote Exec", "delete");
    if (!session.ok) return failed(context, "Failed to create session", session.error);
    const say = (text: string) => {
      if (flagBool(flags, "verbose")) ports.stdout(`${text}\n`);
    };
    say(`Created remote execution session: ${session.value.id}`);
    const prefix = flagText(flags, "prefix") ?? "_rexec";
    const job = { prefix, session: session.value.id, text: what, waitMillis: wait.value };
    let interrupted = false;
    const takeBack = ports.onInterrupt(() => {
      interrupted = true;
    });
    const code = await runJob(context, job, replication.value, say, () => interrupted);
    takeBack();
    const path = pathOf("/v1/kv/", `${prefix}/${session.value.id}`);
    await ask(context, { method: "DELETE", path, query: [["recurse", ""]] });
    await session.value.end();
    return code;
  },
};

async function runJob(
  context: CommandContext,
  job: ExecJob,
  replicationMillis: number,
  say: (text: string) => void,
  interrupted: () => boolean,
): Promise<number> {
  const { flags, ports } = context;
  const uploaded = await ask(context, {
    method: "PUT",
    path: pathOf("/v1/kv/", `${job.prefix}/${job.session}/job`),
    query: [["acquire", job.session]],
    body: job.text,
  });
  if (!uploaded.ok) return failed(context, "Failed to create job file", uploaded.error);
  if (uploaded.value.text.trim() !== "true")
    return failed(context, "Failed to create job file", "the session does not get the lock of the key");
  say("Uploaded remote execution spec");
  await pause(context, replicationMillis);
  const filters = ["node", "service", "tag"].flatMap((name): [string, string][] => {
    const value = flagText(flags, name) ?? "";
    return value === "" ? [] : [[name, value]];
  });
  const body = JSON.stringify({ Prefix: job.prefix, Session: job.session });
  const path = "/v1/event/fire/_rexec";
  const fired = await askJson<{ ID: string }>(context, { method: "PUT", path, query: filters, body });
  if (!fired.ok) return failed(context, "Failed to fire event", fired.error);
  say(`Fired remote execution event: ${fired.value.ID}`);
  const started = ports.now();
  const end = await followJob(context, job, interrupted, flagBool(flags, "verbose"));
  if (!end.ok) return failed(context, "Failed to follow the job", end.error);
  ports.stdout(`${end.value.finished} / ${end.value.acknowledged} node(s) completed / acknowledged\n`);
  say(`Completed in ${((ports.now() - started) / 1000).toFixed(2)} seconds`);
  if (interrupted()) return 1;
  return end.value.allGood ? 0 : 2;
}

/** Another datacenter needs a server there, before anything is begun. */
async function checkDatacenter(context: CommandContext): Promise<Result<void, string>> {
  if ((flagText(context.flags, "datacenter") ?? "") === "") return ok(undefined);
  const reply = await ask(context, { path: "/v1/health/service/consul", query: [["passing", ""]] });
  if (!reply.ok) return fail(`Failed to find Consul server in remote datacenter: ${reply.error}`);
  return ok(undefined);
}

async function jobText(context: CommandContext, waitMillis: number): Promise<string> {
  const { flags, ports } = context;
  const Wait = waitMillis * 1e6;
  if (flags.args.length === 1 && flags.args[0] === "-")
    return JSON.stringify({ Script: bytesToBase64(await ports.readStdin()), Wait });
  const shell = flagText(flags, "shell") === undefined || flagBool(flags, "shell");
  return JSON.stringify(shell ? { Command: flags.args.join(" "), Wait } : { Args: flags.args, Wait });
}

function mistake(given: (name: string) => string, words: number): string | null {
  if (given("tag") !== "" && given("service") === "")
    return "Cannot provide tag filter without service filter.";
  for (const name of ["node", "service", "tag"]) {
    const expression = compileGoRegexp(given(name));
    if (!expression.ok) return `Failed to compile ${name} filter regexp: ${expression.error}`;
  }
  return words === 0 ? "Must specify a command to execute" : null;
}

function duration(text: string | undefined, standard: string, flag: string): Result<number, string> {
  const parsed = parseGoDuration(text ?? standard);
  return parsed.ok ? parsed : fail(`invalid value ${JSON.stringify(text)} for flag -${flag}: parse error`);
}

function failedPlainly(context: CommandContext, text: string): number {
  context.ports.stderr(`${text}\n`);
  return 1;
}
