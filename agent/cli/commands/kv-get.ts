// legate kv get

import { flagBool, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { ask, askJson, failed, pathOf } from "../http-client.ts";
import { concat, type Entry, entryBytes, parseEntries } from "./kv-entries.ts";

export const kvGet: Command = {
  name: "kv get",
  summary: "Retrieves or lists data from the KV store",
  args: "[KEY_OR_PREFIX]",
  help: "Prints the value of a key. A key that does not exist is an error; a key without data prints nothing.\n\n$ kv get foo\n\nWith -detailed its flags and indexes too; with -recurse every key that begins with the prefix; with -keys their names only.\n\n$ kv get -recurse foo",
  asks: "server",
  argsMax: 1,
  flags: [
    { name: "base64", type: "bool", doc: "Print values in base64." },
    { name: "detailed", type: "bool", doc: "Print indexes, flags and session as well." },
    { name: "keys", type: "bool", doc: "Print the names of keys under the prefix, up to the separator." },
    { name: "recurse", type: "bool", doc: "Print all keys under the prefix." },
    {
      name: "separator",
      type: "text",
      value: "text",
      doc: 'With -keys: names end at this text. Default: "/".',
    },
    { name: "namespace", type: "text", value: "default", doc: "Only the default namespace exists." },
  ],
  run: (context) => {
    const { flags, ports } = context;
    // Keys do not begin with a slash; Consul takes one off as a kindness.
    const key = (flags.args[0] ?? "").replace(/^\//, "");
    const many = flagBool(flags, "keys") || flagBool(flags, "recurse");
    if (key === "" && !many) {
      ports.stderr(`Error! Missing KEY argument. Example: ${ports.program} kv get redis/config\n`);
      return 1;
    }
    if (flagBool(flags, "keys")) return printKeys(context, key);
    return flagBool(flags, "recurse") ? printTree(context, key) : printOne(context, key);
  },
};

const what = "Error querying Consul agent";

async function printKeys(context: CommandContext, prefix: string): Promise<number> {
  const separator = flagText(context.flags, "separator") ?? "/";
  const path = pathOf("/v1/kv/", prefix);
  const query: [string, string][] = [["keys", ""]];
  if (separator !== "") query.push(["separator", separator]);
  const names = await askJson<readonly string[]>(context, { path, query, alsoGood: [] });
  if (!names.ok) return /response code: 404/.test(names.error) ? 0 : failed(context, what, names.error);
  for (const name of names.value) context.ports.stdout(`${name}\n`);
  return 0;
}

async function printTree(context: CommandContext, prefix: string): Promise<number> {
  const request = { path: pathOf("/v1/kv/", prefix), query: [["recurse", ""]], alsoGood: [404] } as const;
  const reply = await ask(context, request);
  if (!reply.ok) return failed(context, what, reply.error);
  const entries = reply.value.status === 404 ? [] : parseEntries(reply.value.text);
  const base64 = flagBool(context.flags, "base64");
  const detailed = flagBool(context.flags, "detailed");
  entries.forEach((entry, position) => {
    if (!detailed) context.ports.stdout(concat([`${entry.Key}:`, entryBytes(entry, base64), "\n"]));
    else context.ports.stdout(concat([position === 0 ? "" : "\n", details(entry, base64)]));
  });
  return 0;
}

async function printOne(context: CommandContext, key: string): Promise<number> {
  const reply = await ask(context, { path: pathOf("/v1/kv/", key), alsoGood: [404] });
  if (!reply.ok) return failed(context, what, reply.error);
  const entry = reply.value.status === 404 ? undefined : parseEntries(reply.value.text)[0];
  if (entry === undefined) {
    context.ports.stderr(`Error! No key exists at: ${key}\n`);
    return 1;
  }
  const base64 = flagBool(context.flags, "base64");
  if (flagBool(context.flags, "detailed")) context.ports.stdout(details(entry, base64));
  else context.ports.stdout(concat([entryBytes(entry, base64), "\n"]));
  return 0;
}

function details(entry: Entry, base64: boolean): Uint8Array {
  const rows: [string, string | number][] = [
    ["CreateIndex", entry.CreateIndex],
    ["Flags", entry.Flags],
    ["Key", entry.Key],
    ["LockIndex", entry.LockIndex],
    ["ModifyIndex", entry.ModifyIndex],
    ["Session", entry.Session ?? "-"],
  ];
  const value = entryBytes(entry, base64);
  const head = rows.map(([name, text]) => `${name.padEnd(17)}${text}\n`).join("");
  return concat([head, value.length === 0 ? "Value" : "Value".padEnd(17), value, "\n"]);
}
