// legate kv delete

import { flagBool, flagText } from "../../config/flags.ts";
import type { Command } from "../command.ts";
import { ask, failed, pathOf } from "../http-client.ts";

export const kvDelete: Command = {
  name: "kv delete",
  summary: "Removes data from the KV store",
  args: "KEY_OR_PREFIX",
  help: "Removes a key; a key that does not exist is no error.\n\n$ kv delete foo\n\nWith -recurse every key that begins with the text: foo, food and foo/bar.\n\n$ kv delete -recurse foo",
  asks: "server",
  argsMax: 1,
  flags: [
    { name: "cas", type: "bool", doc: "Delete only when the key still has -modify-index." },
    { name: "modify-index", type: "uint", value: "uint", doc: "ModifyIndex for -cas." },
    { name: "recurse", type: "bool", doc: "Delete all keys under the prefix." },
    { name: "namespace", type: "text", value: "default", doc: "Only the default namespace exists." },
  ],
  run: async (context) => {
    const { flags, ports } = context;
    const recurse = flagBool(flags, "recurse");
    const cas = flagBool(flags, "cas");
    const index = flagText(flags, "modify-index");
    const key = (flags.args[0] ?? "").replace(/^\//, "");
    let wrong: string | null = null;
    if (key === "" && !recurse) wrong = "Error! Missing KEY argument";
    else if (cas && BigInt(index ?? "0") === 0n) wrong = "Must specify -modify-index with -cas!";
    else if (!cas && BigInt(index ?? "0") !== 0n) wrong = "Cannot specify -modify-index without -cas!";
    else if (cas && recurse) wrong = "Cannot specify both -cas and -recurse!";
    if (wrong !== null) {
      ports.stderr(`${wrong}\n`);
      return 1;
    }
    const query: [string, string][] = [];
    if (recurse) query.push(["recurse", ""]);
    if (cas) query.push(["cas", index ?? "0"]);
    const reply = await ask(context, { method: "DELETE", path: pathOf("/v1/kv/", key), query });
    if (!reply.ok)
      return failed(context, `Error! Did not delete ${recurse ? "prefix" : "key"} ${key}`, reply.error);
    if (reply.value.text.trim() !== "true") {
      ports.stderr(`Error! Did not delete key ${key}: CAS failed\n`);
      return 1;
    }
    ports.stdout(recurse ? `Success! Deleted keys with prefix: ${key}\n` : `Success! Deleted key: ${key}\n`);
    return 0;
  },
};
