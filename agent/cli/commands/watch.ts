// legate watch: prints a view of the datacenter once, or runs a program each time that it changes.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { flagBool, flagList, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { ask, failed } from "../http-client.ts";
import { type WatchView, watchView } from "../watch-view.ts";

/** A server that is away is asked again after this, five times at most as long (Consul's watch: 5 s to 3 min). */
const retryMillis = 5_000;
const retryMillisMax = 180_000;

export const watchCommand: Command = {
  name: "watch",
  summary: "Watches for changes of keys, services, nodes, checks and events",
  args: "[CHILD...]",
  help: "Without a program the view is printed once as JSON. With one, the program is run now and on every change, with the JSON on its standard input and the index in CONSUL_INDEX.\n\n$ watch -type=key -key=config/web\n\n$ watch -type=service -service=web -passingonly=true ./on-change.sh",
  asks: "server",
  argsMax: -1,
  flags: [
    { name: "key", type: "text", value: "key", doc: "Key to watch, for type key." },
    { name: "name", type: "text", value: "name", doc: "Name of the events to watch, for type event." },
    { name: "passingonly", type: "text", value: "bool", doc: "Only passing instances, for type service." },
    {
      name: "prefix",
      type: "text",
      value: "prefix",
      doc: "Prefix of the keys to watch, for type keyprefix.",
    },
    { name: "service", type: "text", value: "name", doc: "Service to watch, for types service and checks." },
    { name: "shell", type: "bool", doc: "Run the program in a shell. Default: true." },
    { name: "state", type: "text", value: "state", doc: "Status of the checks to watch, for type checks." },
    { name: "tag", type: "list", value: "tag", doc: "Only instances with this tag. May be repeated." },
    {
      name: "type",
      type: "text",
      value: "type",
      doc: "key, keyprefix, services, nodes, service, checks or event.",
    },
  ],
  run: async (context) => {
    const view = watchView((name) => flagText(context.flags, name) ?? "", flagList(context.flags, "tag"));
    if (!view.ok) {
      context.ports.stderr(`${view.error}\n`);
      return 1;
    }
    const first = await read(context, view.value, "");
    if (!first.ok) return failed(context, "Error querying Consul agent", first.error);
    if (context.flags.args.length > 0) return follow(context, view.value, first.value);
    context.ports.stdout(`${first.value.pretty}\n`);
    return 0;
  },
};

type Seen = { readonly index: string; readonly compact: string; readonly pretty: string };

async function read(context: CommandContext, view: WatchView, index: string): Promise<Result<Seen, string>> {
  const query = index === "" ? view.query : [...view.query, ["index", index] as const];
  const reply = await ask(context, { path: view.path, query, alsoGood: [404] });
  if (!reply.ok) return reply;
  try {
    const { compact, pretty } = view.print(reply.value.status === 404 ? "null" : reply.value.text);
    return ok({ index: reply.value.header("x-consul-index"), compact, pretty });
  } catch {
    return fail("the answer is no JSON");
  }
}

/** Until the program fails or the user ends it. */
async function follow(context: CommandContext, view: WatchView, first: Seen): Promise<number> {
  let seen = first;
  let failures = 0;
  for (let isNew = true; ; ) {
    if (isNew) {
      const code = await runChild(context, seen);
      if (code !== 0) return code;
    }
    const next = await read(context, view, seen.index);
    if (!next.ok) {
      failures++;
      context.ports.stderr(`Watch errored: ${next.error}, retry in a moment\n`);
      await pause(context, Math.min(retryMillis * failures * failures, retryMillisMax));
      isNew = false;
      continue;
    }
    failures = 0;
    isNew = next.value.compact !== seen.compact;
    seen = next.value;
    // An answer without an index cannot be waited on: never in a tight loop.
    if (seen.index === "") await pause(context, retryMillis);
  }
}

async function runChild(context: CommandContext, seen: Seen): Promise<number> {
  const child = await context.ports.spawn({
    words: context.flags.args,
    shell: flagText(context.flags, "shell") === undefined || flagBool(context.flags, "shell"),
    passStdin: false,
    stdin: `${seen.compact}\n`,
    env: { CONSUL_INDEX: seen.index },
  });
  if (!child.ok) return failed(context, "Error starting handler", child.error);
  const code = await child.value.exited;
  return code === 0 ? 0 : failed(context, "Error executing handler", `exit status ${code}`);
}

function pause(context: CommandContext, millis: number): Promise<void> {
  return new Promise((resolve) => void context.ports.after(millis, resolve));
}
