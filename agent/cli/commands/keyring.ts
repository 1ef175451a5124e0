// legate keyring: the keys of gossip encryption, on all members at once.

import type { KeyringReply } from "../../../shared/structs/keyring.ts";
import { flagBool, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { ask, askJson, failed } from "../http-client.ts";

const path = "/v1/operator/keyring";

export const keyringCommand: Command = {
  name: "keyring",
  summary: "Manages gossip layer encryption keys",
  args: "",
  help: "One action at a time. To rotate: install the new key, use it, remove the old one. The exit code is 0 only when every member has answered without an error.\n\n$ keyring -list\n\n$ keyring -install=KEY\n\n$ keyring -use=KEY\n\n$ keyring -remove=KEY",
  asks: "agent",
  argsMax: 0,
  flags: [
    { name: "install", type: "text", value: "key", doc: "Add a key on all members." },
    { name: "list", type: "bool", doc: "List the keys in use, and how many members hold each." },
    { name: "list-primary", type: "bool", doc: "List the primary keys." },
    { name: "local-only", type: "bool", doc: "Only this datacenter; for listing." },
    {
      name: "relay-factor",
      type: "text",
      value: "int",
      doc: "Let answers come by way of so many others, too: 0 to 5.",
    },
    { name: "remove", type: "text", value: "key", doc: "Remove a key that is not the primary one." },
    { name: "use", type: "text", value: "key", doc: "Encrypt with this key, which must be installed." },
  ],
  run: async (context) => {
    const { flags, ports } = context;
    const changes = changesOf(context);
    const lists = ["list", "list-primary"].filter((name) => flagBool(flags, name));
    if (changes.length + lists.length !== 1) {
      const none = "Give one of -list, -list-primary, -install, -use, -remove";
      ports.stderr(`${changes.length + lists.length === 0 ? none : "Only a single action is allowed"}\n`);
      return 1;
    }
    const factor = flagText(flags, "relay-factor") ?? "0";
    if (!/^[0-5]$/.test(factor)) {
      ports.stderr("Error parsing relay factor: Relay factor must be in range: [0, 5]\n");
      return 1;
    }
    const query: [string, string][] = factor === "0" ? [] : [["relay-factor", factor]];
    const localOnly = flagBool(flags, "local-only");
    const [change] = changes;
    if (change === undefined) {
      if (localOnly) query.push(["local-only", "true"]);
      return list(context, query, lists[0] === "list-primary");
    }
    if (localOnly) {
      ports.stderr("Error validating local-only: local-only can only be set for list requests\n");
      return 1;
    }
    ports.stdout(`==> ${change.doing}...\n`);
    const body = JSON.stringify({ Key: change.key });
    const reply = await ask(context, { method: change.method, path, query, body });
    return reply.ok ? 0 : failed(context, "error", reply.error);
  },
};

type Change = { readonly method: "POST" | "PUT" | "DELETE"; readonly doing: string; readonly key: string };

function changesOf({ flags }: CommandContext): Change[] {
  const kinds = [
    ["install", "POST", "Installing new gossip encryption key"],
    ["use", "PUT", "Changing primary gossip encryption key"],
    ["remove", "DELETE", "Removing gossip encryption key"],
  ] as const;
  return kinds.flatMap(([flag, method, doing]) => {
    const key = flagText(flags, flag) ?? "";
    return key === "" ? [] : [{ method, doing, key }];
  });
}

async function list(
  context: CommandContext,
  query: readonly [string, string][],
  primary: boolean,
): Promise<number> {
  context.ports.stdout(`==> Gathering installed ${primary ? "primary " : ""}encryption keys...\n`);
  const rings = await askJson<readonly KeyringReply[]>(context, { path, query });
  if (!rings.ok) return failed(context, "error", rings.error);
  for (const ring of rings.value) {
    const keys = (primary ? ring.PrimaryKeys : ring.Keys) ?? {};
    const name = ring.WAN
      ? "WAN"
      : `${ring.Datacenter}${ring.Segment === "" ? "" : ` [${ring.Segment}]`} (LAN)`;
    const lines = Object.keys(keys)
      .sort()
      .map((key) => `  ${key} [${keys[key]}/${ring.NumNodes}]\n`);
    context.ports.stdout(`\n${name}:\n${lines.join("")}`);
  }
  return 0;
}
