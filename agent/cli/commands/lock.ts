// legate lock: runs a command while it holds a lock, or one of the places of a semaphore.

import { parseGoDuration } from "../../../shared/base/millis.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { flagBool, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { failed } from "../http-client.ts";
import { acquireMutex, type Held } from "../lock/mutex.ts";
import { acquireSemaphore } from "../lock/semaphore.ts";
import { type LockSession, openSession } from "../lock/session.ts";
import type { CliChild } from "../ports.ts";

const timeoutText = "Shutdown triggered or timeout during lock acquisition";
/** How long a child that was asked to end may take. */
const graceMillis = 5_000;

export const lockCommand: Command = {
  name: "lock",
  summary: "Runs a command while holding a lock",
  args: "PREFIX CHILD...",
  help: "Takes the lock PREFIX/.lock, runs CHILD, and gives the lock back. CHILD is asked to end when the lock is lost. With -n above 1 so many may hold it at a time.\n\n$ lock service/backup/lock ./backup.sh",
  asks: "server",
  argsMax: -1,
  flags: [
    { name: "child-exit-code", type: "bool", doc: "Exit 2 when the child fails." },
    {
      name: "monitor-retry",
      type: "int",
      value: "int",
      doc: "How often a failing server is asked again before the lock counts as lost. Default: 3.",
    },
    { name: "n", type: "int", value: "int", doc: "How many may hold the lock. Default: 1." },
    { name: "name", type: "text", value: "text", doc: "Name of the session. Default: made of the command." },
    { name: "pass-stdin", type: "bool", doc: "The child reads our standard input." },
    { name: "shell", type: "bool", doc: "Run the child with a shell (SHELL, or sh). Default: true." },
    {
      name: "timeout",
      type: "text",
      value: "duration",
      doc: "How long to wait for the lock. Default: for ever.",
    },
    { name: "try", type: "text", value: "duration", doc: "The same as -timeout.", hidden: true },
    { name: "verbose", type: "bool", doc: "Say what happens." },
  ],
  run: async (context) => {
    const options = optionsOf(context);
    if (!options.ok) return failed(context, "", options.error);
    const { prefix, words, n, name } = options.value;
    say(context, `Setting up lock at path: ${prefix}/.lock`);
    const session = await openSession(context, name, n > 1 ? "delete" : "release");
    if (!session.ok) return failed(context, "Lock setup failed", session.error);
    try {
      return await underSession(context, options.value, session.value, words);
    } finally {
      await session.value.end();
    }
  },
};

type Options = {
  readonly prefix: string;
  readonly words: readonly string[];
  readonly n: number;
  readonly name: string;
  readonly retries: number;
  /** 0: for ever. */
  readonly timeoutMillis: number;
};

function optionsOf(context: CommandContext): Result<Options, string> {
  const { flags } = context;
  const [prefix = "", ...words] = flags.args;
  if (prefix === "" || words.length === 0) return fail("Key prefix and child command must be specified");
  const n = Number(flagText(flags, "n") ?? "1");
  if (n < 1) return fail("Lock holder limit must be positive");
  const retries = Number(flagText(flags, "monitor-retry") ?? "3");
  if (retries < 0) return fail("Number for 'monitor-retry' must be >= 0");
  const wait = parseGoDuration(flagText(flags, "timeout") ?? flagText(flags, "try") ?? "0");
  if (!wait.ok) {
    const name = flagText(flags, "timeout") === undefined ? "try" : "timeout";
    return fail(`invalid value "${flagText(flags, name)}" for flag -${name}: parse error`);
  }
  if (wait.value < 0) return fail("Timeout must be positive");
  const path = prefix.replace(/^\/+|\/+$/g, "");
  const what = words.join(" ");
  const name = flagText(flags, "name") ?? `Consul lock for '${what}' at '${path}'`;
  return ok({ prefix: path, words, n, name, retries, timeoutMillis: wait.value });
}

async function underSession(
  context: CommandContext,
  options: Options,
  session: LockSession,
  words: readonly string[],
): Promise<number> {
  let stopped = false;
  let stop: (why: string) => void = () => {};
  const interrupted = new Promise<string>((resolve) => {
    stop = (why) => {
      stopped = true;
      resolve(why);
    };
  });
  const forget = context.ports.onInterrupt(() => stop("interrupted"));
  const late = () => stop(timeoutText);
  const cancelTimeout =
    options.timeoutMillis === 0 ? () => {} : context.ports.after(options.timeoutMillis, late);
  void session.lost.then(stop);
  try {
    say(context, "Attempting lock acquisition");
    const isStopped = () => stopped;
    const held = await Promise.race([
      acquire(context, options, session, isStopped),
      interrupted.then((why) => fail(why)),
    ]);
    cancelTimeout();
    if (!held.ok) {
      return failed(context, held.error === timeoutText ? "" : "Lock acquisition failed", held.error);
    }
    try {
      return await runChild(context, words, held.value, interrupted, isStopped);
    } finally {
      stopped = true;
      say(context, "Cleanup succeeded");
      await held.value.release();
    }
  } finally {
    cancelTimeout();
    forget();
  }
}

function acquire(
  context: CommandContext,
  { prefix, n, retries }: Options,
  session: LockSession,
  stopped: () => boolean,
): Promise<Result<Held, string>> {
  return n > 1
    ? acquireSemaphore(context, prefix, n, session, retries, stopped)
    : acquireMutex(context, prefix, session, retries, stopped);
}

/** Until the child has ended: by itself, or because the lock is lost. */
async function runChild(
  context: CommandContext,
  words: readonly string[],
  held: Held,
  interrupted: Promise<string>,
  stopped: () => boolean,
): Promise<number> {
  const { flags, ports } = context;
  say(context, "Starting handler");
  const shell = flagText(flags, "shell") === undefined || flagBool(flags, "shell");
  const child = await ports.spawn({
    words,
    shell,
    passStdin: flagBool(flags, "pass-stdin"),
    env: { CONSUL_LOCK_HELD: "true" },
  });
  if (!child.ok) {
    failed(context, "Error starting handler", child.error);
    return childFailure(context);
  }
  const lost = held.watch(stopped);
  const first = await Promise.race([
    child.value.exited.then((code) => ({ code })),
    lost.then((why) => ({ why })),
    interrupted.then((why) => ({ why })),
  ]);
  if ("why" in first) {
    ports.stderr(`Lock lost, killing child: ${first.why}\n`);
    await endChild(context, child.value);
    return 1;
  }
  if (first.code !== 0) ports.stderr(`Error running handler: exit status ${first.code}\n`);
  say(context, "Child terminated, releasing lock");
  return first.code === 0 ? 0 : childFailure(context);
}

/** What a child that failed, or could not be started, is worth. */
function childFailure(context: CommandContext): number {
  return flagBool(context.flags, "child-exit-code") ? 2 : 0;
}

async function endChild(context: CommandContext, child: CliChild): Promise<void> {
  child.kill("SIGTERM");
  const cancel = context.ports.after(graceMillis, () => child.kill("SIGKILL"));
  await child.exited;
  cancel();
}

function say(context: CommandContext, text: string): void {
  if (flagBool(context.flags, "verbose")) context.ports.stdout(`${text}\n`);
}
