// legate config read | write | list | delete

import { toPlainJson } from "../../../shared/base/json.ts";
import { parseHcl } from "../../../shared/hcl/parse.ts";
import { type ConfigEntry, isConfigKind } from "../../../shared/structs/config-entry.ts";
import { parseConfigEntry } from "../../../shared/structs/parse-config-entry.ts";
import { type FlagSpec, flagBool, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { ask, askJson, failed, pathOf } from "../http-client.ts";

const kind: FlagSpec = { name: "kind", type: "text", value: "kind", doc: "Kind of the entry." };
const name: FlagSpec = { name: "name", type: "text", value: "name", doc: "Name of the entry." };

export const configRead: Command = {
  name: "config read",
  summary: "Reads a config entry",
  args: "",
  help: "Prints a configuration entry as JSON.\n\n$ config read -kind proxy-defaults -name global",
  asks: "server",
  argsMax: -1,
  flags: [kind, name],
  run: async (context) => {
    const entry = named(context);
    if (entry === null) return 1;
    if (!isConfigKind(entry.kind)) {
      return failed(
        context,
        `Error reading config entry ${entry.shown}`,
        `invalid config entry kind: ${entry.kind}`,
      );
    }
    const found = await askJson<unknown>(context, { path: pathOf(`/v1/config/${entry.kind}/`, entry.name) });
    if (!found.ok) return failed(context, `Error reading config entry ${entry.shown}`, found.error);
    context.ports.stdout(toPlainJson(found.value, true));
    return 0;
  },
};

export const configList: Command = {
  name: "config list",
  summary: "Lists config entries of a kind",
  args: "",
  help: "Prints the names of the configuration entries of a kind.\n\n$ config list -kind service-defaults",
  asks: "server",
  argsMax: -1,
  flags: [kind],
  run: async (context) => {
    const wanted = required(context, "kind");
    if (wanted === null) return 1;
    const path = pathOf("/v1/config/", wanted);
    const found = await askJson<readonly { readonly Name: string }[]>(context, { path });
    if (!found.ok) return failed(context, `Error listing config entries for kind "${wanted}"`, found.error);
    for (const entry of found.value) context.ports.stdout(`${entry.Name}\n`);
    return 0;
  },
};

export const configDelete: Command = {
  name: "config delete",
  summary: "Deletes a config entry",
  args: "",
  help: "Deletes a configuration entry.\n\n$ config delete -kind service-defaults -name web",
  asks: "server",
  argsMax: -1,
  flags: [kind, name],
  run: async (context) => {
    const entry = named(context);
    if (entry === null) return 1;
    const path = pathOf(`/v1/config/${entry.kind}/`, entry.name);
    const done = await ask(context, { method: "DELETE", path });
    if (!done.ok) return failed(context, `Error deleting config entry ${entry.shown}`, done.error);
    context.ports.stdout(`Config entry deleted: ${entry.shown}\n`);
    return 0;
  },
};

export const configWrite: Command = {
  name: "config write",
  summary: "Creates or updates a config entry",
  args: "FILE",
  help: 'Writes the configuration entry of a file in HCL or JSON; "-" is standard input.\n\n$ config write web.defaults.json\n\nWith -cas it writes only when the entry was not changed since it had this index; 0 stands for an entry that does not exist.\n\n$ config write -cas -modify-index=12 web.defaults.json',
  asks: "server",
  argsMax: -1,
  flags: [
    { name: "cas", type: "bool", doc: "Write only when the entry still has -modify-index." },
    { name: "modify-index", type: "uint", value: "uint", doc: "ModifyIndex for -cas; 0: there is none." },
  ],
  run: async (context) => {
    const entry = await readEntry(context);
    if (typeof entry === "number") return entry;
    const shown = `${entry.Kind}/${entry.Name}`;
    const cas = flagBool(context.flags, "cas");
    const query = cas ? [["cas", flagText(context.flags, "modify-index") ?? "0"] as const] : [];
    const reply = await ask(context, {
      method: "PUT",
      path: "/v1/config",
      query,
      body: JSON.stringify(entry),
    });
    if (!reply.ok) return failed(context, `Error writing config entry ${shown}`, reply.error);
    if (reply.value.text.trim() !== "true") {
      context.ports.stderr(`Config entry not updated: ${shown}\n`);
      return 1;
    }
    context.ports.stdout(`Config entry written: ${shown}\n`);
    return 0;
  },
};

async function readEntry(context: CommandContext): Promise<ConfigEntry | number> {
  const { flags, ports } = context;
  const [path = ""] = flags.args;
  if (flags.args.length !== 1) {
    ports.stderr("Must provide exactly one positional argument to specify the config entry to write\n");
    return 1;
  }
  const read = path === "-" ? { ok: true as const, value: await ports.readStdin() } : ports.readFile(path);
  if (!read.ok) return failed(context, "Failed to load data", `Failed to read file: ${read.error}`);
  const parsed = parseHcl(new TextDecoder().decode(read.value));
  if (!parsed.ok) return failed(context, "Failed to decode config entry input", parsed.error);
  const entry = parseConfigEntry(parsed.value);
  return entry.ok ? entry.value : failed(context, "Failed to decode config entry input", entry.error);
}

/** Null (said on stderr) when an option is missing. */
function required(context: CommandContext, flag: string): string | null {
  const value = flagText(context.flags, flag) ?? "";
  if (value !== "") return value;
  context.ports.stderr(`Must specify the -${flag} parameter\n`);
  return null;
}

function named(context: CommandContext): { kind: string; name: string; shown: string } | null {
  const ofKind = required(context, "kind");
  const called = ofKind === null ? null : required(context, "name");
  if (ofKind === null || called === null) return null;
  return { kind: encodeURIComponent(ofKind), name: called, shown: `${ofKind}/${called}` };
}
