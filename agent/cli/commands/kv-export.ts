// legate kv export, kv import: a tree of keys as JSON, in Consul's form.

import { base64ToBytes, goBase64 } from "../../../shared/base/base64.ts";
import { parseGoJsonExact } from "../../../shared/base/go-json.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import type { Command, CommandContext } from "../command.ts";
import { ask, failed, pathOf } from "../http-client.ts";
import { parseEntries } from "./kv-entries.ts";

const namespace = {
  name: "namespace",
  type: "text",
  value: "default",
  doc: "Only the default namespace exists.",
} as const;

export const kvExport: Command = {
  name: "kv export",
  summary: "Exports a tree of keys as JSON",
  args: "[KEY_OR_PREFIX]",
  help: "Prints all keys that begin with the text as JSON, values in base64, for kv import.\n\n$ kv export vault > backup.json",
  asks: "server",
  argsMax: 1,
  flags: [namespace],
  run: async (context) => {
    const prefix = (context.flags.args[0] ?? "").replace(/^\//, "");
    const request = { path: pathOf("/v1/kv/", prefix), query: [["recurse", ""]], alsoGood: [404] } as const;
    const reply = await ask(context, request);
    if (!reply.ok) return failed(context, "Error! Failed to query the KV store", reply.error);
    const entries = reply.value.status === 404 ? [] : parseEntries(reply.value.text);
    const rows = entries.map(({ Key, Flags, Value }) => ({
      key: Key,
      flags: JSON.rawJSON(Flags),
      value: Value ?? "",
    }));
    context.ports.stdout(`${JSON.stringify(rows, null, "\t")}\n`);
    return 0;
  },
};

export const kvImport: Command = {
  name: "kv import",
  summary: "Imports a tree of keys from JSON",
  args: "[DATA]",
  help: 'Writes the keys of an export. DATA is JSON, "@file" for a file\'s content, or "-" for standard input. Nothing is written when the text cannot be read.\n\n$ kv import @backup.json',
  asks: "server",
  argsMax: 1,
  flags: [namespace],
  run: async (context) => {
    const word = context.flags.args[0];
    if (word === undefined) return failed(context, "Error!", "Missing DATA argument");
    const text = await readText(context, word);
    if (!text.ok) return failed(context, "Error!", text.error);
    const rows = parseRows(text.value);
    if (!rows.ok) return failed(context, "", rows.error);
    for (const { key, flags, value } of rows.value) {
      const query = [["flags", flags]] as const;
      const path = pathOf("/v1/kv/", key);
      const reply = await ask(context, { method: "PUT", path, query, body: value });
      if (!reply.ok) return failed(context, `Error! Failed writing data for key ${key}`, reply.error);
      context.ports.stdout(`Imported: ${key}\n`);
    }
    return 0;
  },
};

async function readText(context: CommandContext, word: string): Promise<Result<string, string>> {
  const decoder = new TextDecoder();
  if (word === "-") return ok(decoder.decode(await context.ports.readStdin()));
  if (!word.startsWith("@")) return ok(word);
  const file = context.ports.readFile(word.slice(1));
  return file.ok ? ok(decoder.decode(file.value)) : fail(`Failed to read file: ${file.error}`);
}

type Row = { readonly key: string; readonly flags: string; readonly value: Uint8Array };

function parseRows(text: string): Result<readonly Row[], string> {
  const parsed = parseGoJsonExact(text);
  if (!parsed.ok) return fail(`Cannot unmarshal data: ${parsed.error}`);
  if (!Array.isArray(parsed.value)) {
    return fail(
      `Cannot unmarshal data: json: cannot unmarshal ${typeof parsed.value === "bigint" ? "number" : typeof parsed.value} into Go value of type []*impexp.Entry`,
    );
  }
  const rows: Row[] = [];
  for (const [at, given] of parsed.value.entries()) {
    // Names in any case, as Go reads them.
    const fields = Object.entries((given ?? {}) as object).map(([name, inner]) => [
      name.toLowerCase(),
      inner,
    ]);
    const { key, flags = 0, value = "" } = Object.fromEntries(fields) as Readonly<Record<string, unknown>>;
    if (typeof key !== "string" || key === "") return fail(`Cannot unmarshal data: entry ${at} has no key`);
    const text = typeof value === "string" ? goBase64(value) : fail("no text");
    if (!text.ok) return fail(`Error base 64 decoding value for key ${key}: ${text.error}`);
    if (!/^\d+$/.test(String(flags))) return fail(`Cannot unmarshal data: the flags of ${key} are no number`);
    rows.push({ key, flags: String(flags), value: base64ToBytes(text.value) ?? new Uint8Array() });
  }
  return ok(rows);
}
