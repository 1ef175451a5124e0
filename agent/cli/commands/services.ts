// legate services register | deregister, from options or from configuration files.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { flagList, flagText, type ParsedFlags } from "../../config/flags.ts";
import { definitionMistake } from "../../config/build.ts";
import { readLayer } from "../../config/layers.ts";
import { formatOf, parseSource } from "../../config/source.ts";
import type { Command, CommandContext } from "../command.ts";
import { definitionBody } from "../definition-body.ts";
import { ask, failed, pathOf } from "../http-client.ts";

const namespace = {
  name: "namespace",
  type: "text",
  value: "default",
  doc: "Only the default namespace exists.",
} as const;

export const servicesRegister: Command = {
  name: "services register",
  summary: "Registers services with the agent",
  args: "[FILE...]",
  help: "Registers services of configuration files, or one described by options. They stay until they are deregistered.\n\n$ services register web.json\n\n$ services register -name=web -port=8080 -tag=v1",
  asks: "server",
  argsMax: -1,
  flags: [
    { name: "address", type: "text", value: "text", doc: "Address of the service." },
    { name: "id", type: "text", value: "text", doc: "Id of the instance. Default: the name." },
    { name: "kind", type: "text", value: "text", doc: "Kind of the service." },
    { name: "meta", type: "list", value: "key=value", doc: "Metadata. May be repeated." },
    { name: "name", type: "text", value: "text", doc: "Name of the service." },
    { name: "port", type: "int", value: "int", doc: "Port of the service." },
    { name: "tag", type: "list", value: "text", doc: "A tag. May be repeated." },
    {
      name: "tagged-address",
      type: "list",
      value: "tag=host:port",
      doc: "An address under a tag. May be repeated.",
    },
    namespace,
  ],
  run: async (context) => {
    const { flags, ports } = context;
    const named = flagText(flags, "name") ?? "";
    if (flags.args.length === 0 && named === "") {
      ports.stderr("Service registration requires at least one argument or flags.\n");
      return 1;
    }
    if (flags.args.length > 0 && named !== "") {
      ports.stderr("Service registration requires arguments or -id, not both.\n");
      return 1;
    }
    const services = named === "" ? readServices(context) : serviceOfFlags(flags);
    if (!services.ok) return failed(context, "Error", services.error);
    for (const service of services.value) {
      const label = fieldOf(service, "name") || fieldOf(service, "id");
      const body = JSON.stringify(service);
      const reply = await ask(context, { method: "PUT", path: "/v1/agent/service/register", body });
      if (!reply.ok) return failed(context, `Error registering service "${label}"`, reply.error);
      ports.stdout(`Registered service: ${label}\n`);
    }
    return 0;
  },
};

export const servicesDeregister: Command = {
  name: "services deregister",
  summary: "Deregisters services of the agent",
  args: "[FILE...]",
  help: "Deregisters services of configuration files, or one by its id. Ask the agent where they were registered.\n\n$ services deregister -id=web",
  asks: "server",
  argsMax: -1,
  flags: [{ name: "id", type: "text", value: "text", doc: "Id of the instance." }, namespace],
  run: async (context) => {
    const { flags, ports } = context;
    const id = flagText(flags, "id") ?? "";
    if (flags.args.length === 0 && id === "") {
      ports.stderr("Service deregistration requires at least one argument or -id.\n");
      return 1;
    }
    if (flags.args.length > 0 && id !== "") {
      ports.stderr("Service deregistration requires arguments or -id, not both.\n");
      return 1;
    }
    const services = id === "" ? readServices(context) : ok([{ ID: id }]);
    if (!services.ok) return failed(context, "Error", services.error);
    for (const service of services.value) {
      const label = fieldOf(service, "id") || fieldOf(service, "name");
      const path = pathOf("/v1/agent/service/deregister/", label);
      const reply = await ask(context, { method: "PUT", path });
      if (!reply.ok) return failed(context, `Error deregistering service "${label}"`, reply.error);
      ports.stdout(`Deregistered service: ${label}\n`);
    }
    return 0;
  },
};

type Definition = Readonly<Record<string, unknown>>;

/** The service definitions of the files named; the agent checks what they say. */
function readServices(context: CommandContext): Result<readonly Definition[], string> {
  const found: Definition[] = [];
  for (const path of context.flags.args) {
    const bytes = context.ports.readFile(path);
    if (!bytes.ok) return fail(`config: Open failed on ${path}. ${bytes.error}`);
    const format = formatOf(path, "") ?? "json";
    const object = parseSource(path, new TextDecoder().decode(bytes.value), format);
    if (!object.ok) return object;
    const layer = readLayer(object.value);
    if (!layer.ok) return fail(`failed to parse ${path}: ${layer.error}`);
    const mistake = definitionMistake(layer.value);
    if (mistake !== null) return fail(`failed to parse ${path}: ${mistake}`);
    const here = ["service", "services"].flatMap(
      (key) => (layer.value.get(key) ?? []) as readonly Definition[],
    );
    if (here.length === 0) return fail(`${path} has no "service" and no "services"`);
    found.push(...here.map(definitionBody));
  }
  return ok(found);
}

function serviceOfFlags(flags: ParsedFlags): Result<readonly Definition[], string> {
  const meta = pairsOf(flags, "meta");
  if (!meta.ok) return meta;
  const tagged = pairsOf(flags, "tagged-address");
  if (!tagged.ok) return tagged;
  const addresses = Object.entries(tagged.value).map(([tag, text]) => {
    const [, host = text, port = "0"] = /^(.*?):(\d+)$/.exec(text) ?? [];
    return [tag, { Address: host.replace(/^\[(.*)\]$/, "$1"), Port: Number(port) }] as const;
  });
  const service: Record<string, unknown> = { Name: flagText(flags, "name") ?? "" };
  const texts = { ID: "id", Address: "address", Kind: "kind" } as const;
  for (const [field, flag] of Object.entries(texts)) {
    const value = flagText(flags, flag) ?? "";
    if (value !== "") service[field] = value;
  }
  service.Port = Number(flagText(flags, "port") ?? 0);
  service.Tags = flagList(flags, "tag");
  if (Object.keys(meta.value).length > 0) service.Meta = meta.value;
  if (addresses.length > 0) service.TaggedAddresses = Object.fromEntries(addresses);
  return ok([service]);
}

function pairsOf(flags: ParsedFlags, name: string): Result<Record<string, string>, string> {
  const pairs: Record<string, string> = {};
  for (const text of flagList(flags, name)) {
    const equals = text.indexOf("=");
    if (equals < 0)
      return fail(`invalid value "${text}" for flag -${name}: Missing "=" value in argument: ${text}`);
    pairs[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return ok(pairs);
}

/** A text field of a definition, whatever its spelling. */
function fieldOf(definition: Definition, name: string): string {
  const value = Object.entries(definition).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof value === "string" ? value : "";
}
