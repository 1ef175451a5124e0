// legate kv put

import { base64ToBytes, goBase64 } from "../../../shared/base/base64.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { flagBool, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { ask, failed, pathOf } from "../http-client.ts";

export const kvPut: Command = {
  name: "kv put",
  summary: "Sets or updates data in the KV store",
  args: "KEY [DATA]",
  help: 'Writes data to a key. DATA is text, "@file" for a file\'s content, or "-" for standard input; without it the key is empty.\n\n$ kv put config/redis/maxconns 5\n\n$ kv put config/license @license.lic\n\nWith -cas it writes only when the key was not changed since it had this index.\n\n$ kv put -cas -modify-index=844 config/redis/maxconns 5',
  asks: "server",
  argsMax: -1,
  flags: [
    { name: "acquire", type: "bool", doc: "Take the lock of the key for -session." },
    { name: "base64", type: "bool", doc: "DATA is base64." },
    { name: "cas", type: "bool", doc: "Write only when the key still has -modify-index." },
    { name: "flags", type: "uint", value: "uint", doc: "A number to keep with the key. Default: 0." },
    {
      name: "modify-index",
      type: "uint",
      value: "uint",
      doc: "ModifyIndex for -cas.",
    },
    { name: "release", type: "bool", doc: "Give the lock of the key back." },
    { name: "session", type: "text", value: "id", doc: "Session for -acquire and -release." },
    { name: "namespace", type: "text", value: "default", doc: "Only the default namespace exists." },
  ],
  run: async (context) => {
    const { flags, ports } = context;
    const wrong = argumentMistake(context);
    if (wrong !== null) {
      ports.stderr(`${wrong}\n`);
      return 1;
    }
    const key = flags.args[0] ?? "";
    const data = await readData(context, flags.args[1] ?? "");
    if (!data.ok) return failed(context, "Error!", data.error);
    const query: [string, string][] = [["flags", flagText(flags, "flags") ?? "0"]];
    const session = flagText(flags, "session") ?? "";
    // One of them, in this order, whatever else was asked for (Consul).
    if (flagBool(flags, "cas")) query.push(["cas", flagText(flags, "modify-index") ?? "0"]);
    else if (flagBool(flags, "acquire")) query.push(["acquire", session]);
    else if (flagBool(flags, "release")) query.push(["release", session]);
    const path = pathOf("/v1/kv/", key);
    const reply = await ask(context, { method: "PUT", path, query, body: data.value });
    if (!reply.ok) return failed(context, "Error! Failed writing data", reply.error);
    return report(context, key, reply.value.text.trim() === "true");
  },
};

function argumentMistake(context: CommandContext): string | null {
  const { flags } = context;
  const key = flags.args[0] ?? "";
  if (key === "")
    return `Error! Missing KEY argument. Example: ${context.ports.program} kv put redis/config 5`;
  if (flags.args.length > 2) return `Error! Too many arguments (expected 1 or 2, got ${flags.args.length})`;
  if (key.startsWith("/"))
    return `Error! Failed writing data: Invalid key. Key must not begin with a '/': ${key}`;
  const locking = flagBool(flags, "acquire") || flagBool(flags, "release");
  if (locking && (flagText(flags, "session") ?? "") === "")
    return "Error! Missing -session (required with -acquire and -release)";
  if (flagBool(flags, "cas") && BigInt(flagText(flags, "modify-index") ?? "0") === 0n)
    return "Must specify -modify-index with -cas!";
  return null;
}

async function readData(context: CommandContext, word: string): Promise<Result<Uint8Array, string>> {
  let data: Uint8Array;
  if (word === "-") {
    data = await context.ports.readStdin();
  } else if (word.startsWith("@")) {
    const file = context.ports.readFile(word.slice(1));
    if (!file.ok) return fail(`Failed to read file: ${file.error}`);
    data = file.value;
  } else {
    data = new TextEncoder().encode(word);
  }
  if (!flagBool(context.flags, "base64")) return ok(data);
  const text = goBase64(new TextDecoder().decode(data).trim());
  if (!text.ok) return fail(`Cannot base 64 decode data: ${text.error}`);
  return ok(base64ToBytes(text.value) ?? new Uint8Array());
}

function report(context: CommandContext, key: string, done: boolean): number {
  const { flags, ports } = context;
  const acquire = flagBool(flags, "acquire");
  const release = flagBool(flags, "release");
  if (done) {
    const success = acquire ? "Lock acquired on" : release ? "Lock released on" : "Data written to";
    ports.stdout(`Success! ${success}: ${key}\n`);
    return 0;
  }
  if (acquire) ports.stderr("Error! Did not acquire lock\n");
  else if (release) ports.stderr("Error! Did not release lock\n");
  else ports.stderr(`Error! Did not write to ${key}${flagBool(flags, "cas") ? ": CAS failed" : ""}\n`);
  return 1;
}
