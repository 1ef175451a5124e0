// Loads the agent's configuration: options and files, in the order of the command line, to one RuntimeConfig. Called
// at start, on reload and by `legate validate`. Files are read through a port.

import type { Result } from "../../shared/base/result.ts";
import { fail, ok } from "../../shared/base/result.ts";
import { type FlagSpec, flagBool, flagList, flagText, type ParsedFlags, parseFlags } from "./flags.ts";
import { buildConfig, definitionMistake } from "./build.ts";
import { type Layer, mergeLayers, readLayer, valueFromTexts } from "./layers.ts";
import type { RuntimeConfig } from "./runtime-config.ts";
import { type Setting, settings } from "./schema.ts";
import { formatOf, parseSource, type SourceFormat } from "./source.ts";

export type ConfigPorts = {
  /** The text of a file, or why not ("open /x: no such file or directory"). */
  readonly readText: (path: string) => Result<string, string>;
  /** Names in a directory; null when the path is no directory; or why not. */
  readonly listDirectory: (path: string) => Result<readonly string[] | null, string>;
  readonly hostname: string;
  /** The host's own address, for a node that listens on all: the first private IPv4, else 127.0.0.1. */
  readonly hostAddress: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

export type LoadedConfig = {
  readonly config: RuntimeConfig;
  /** To be shown once, at start. */
  readonly warnings: readonly string[];
  /** What keeps an agent with this configuration from starting, though the files are in order. */
  readonly obstacles: readonly string[];
};

const flagTypes = {
  text: "text",
  duration: "text",
  float: "text",
  any: "text",
  definitions: "text",
  bool: "bool",
  int: "int",
  list: "list",
  map: "pairs",
} as const;

function flagOf(setting: Setting): FlagSpec {
  const state = setting.state === "later" ? " No effect yet." : "";
  const standard = setting.standard === "" ? "" : ` Default: ${setting.standard}.`;
  const value = setting.type === "bool" ? {} : { value: setting.type === "map" ? "key:value" : "value" };
  return { name: setting.flag, type: flagTypes[setting.type], ...value, doc: setting.doc + standard + state };
}

/** The options of `legate agent`, by name. */
export const agentFlags: readonly FlagSpec[] = [
  {
    name: "config-file",
    type: "list",
    value: "path",
    doc: "A file of settings in HCL or JSON. May be repeated.",
  },
  {
    name: "config-dir",
    type: "list",
    value: "path",
    doc: "A directory whose *.hcl and *.json files are read in alphabetical order. May be repeated.",
  },
  {
    name: "config-format",
    type: "text",
    value: "hcl|json",
    doc: "Format of files, whatever their names end in.",
  },
  {
    name: "hcl",
    type: "list",
    value: "text",
    doc: "Settings as HCL; they count after all options. May be repeated.",
  },
  {
    name: "dev",
    type: "bool",
    doc: "Development mode: agent and server in one process, on loopback, nothing kept on disk.",
  },
  { name: "dc", type: "text", value: "value", doc: "Old name of -datacenter.", hidden: true },
  ...settings.filter((setting) => setting.flag !== "").map(flagOf),
].toSorted((a, b) => (a.name < b.name ? -1 : 1)) as FlagSpec[];

/** The configuration an agent can start with; the error is one text for the operator. */
export function loadConfig(words: readonly string[], ports: ConfigPorts): Result<RuntimeConfig, string> {
  const flags = parseFlags(agentFlags, words);
  if (!flags.ok) return fail(flags.error.kind === "help" ? "help was asked for" : flags.error.text);
  const loaded = loadSettings(flags.value, ports);
  if (!loaded.ok) return loaded;
  const obstacle = loaded.value.obstacles[0];
  return obstacle === undefined ? ok(loaded.value.config) : fail(obstacle);
}

/** The configuration with everything there is to say about it. */
export function loadSettings(flags: ParsedFlags, ports: ConfigPorts): Result<LoadedConfig, string> {
  const word = flags.args[0];
  if (word !== undefined)
    return fail(
      `Unexpected extra argument: "${word}". Options begin with "-" and stand before it: legate agent -h`,
    );
  const format = flagText(flags, "config-format") ?? "";
  if (!["", "hcl", "json"].includes(format)) return fail("-config-format must be either 'hcl' or 'json'");

  let layer: Layer = new Map();
  for (const [name, path] of flags.given) {
    if (name !== "config-file" && name !== "config-dir") continue;
    const read = readPath(path, format, ports);
    if (!read.ok) return read;
    for (const file of read.value) layer = mergeLayers(layer, file);
  }
  const fromFlags = readFlags(flags);
  if (!fromFlags.ok) return fromFlags;
  layer = mergeLayers(layer, fromFlags.value);
  for (const [position, text] of flagList(flags, "hcl").entries()) {
    const fragment = readSource(`flags-${position}.hcl`, text, "hcl");
    if (!fragment.ok) return fragment;
    layer = mergeLayers(layer, fragment.value);
  }
  return buildConfig(layer, flagBool(flags, "dev"), ports);
}

function readFlags(flags: ParsedFlags): Result<Layer, string> {
  const values = new Map<string, Layer extends ReadonlyMap<string, infer V> ? V : never>();
  for (const setting of settings) {
    if (setting.flag === "") continue;
    const texts = flags.given
      .filter(([name]) => name === setting.flag || (name === "dc" && setting.flag === "datacenter"))
      .map(([, text]) => text);
    if (texts.length === 0) continue;
    const value = valueFromTexts(setting, texts);
    if (!value.ok) return value;
    values.set(setting.key, value.value);
  }
  return ok(values);
}

function readPath(path: string, format: string, ports: ConfigPorts): Result<readonly Layer[], string> {
  const names = ports.listDirectory(path);
  if (!names.ok) return fail(`config: Open failed on ${path}. ${names.error}`);
  if (names.value === null) {
    const layer = readFile(path, format, ports);
    return layer.ok ? ok([layer.value]) : layer;
  }
  const layers: Layer[] = [];
  for (const name of names.value.toSorted()) {
    if (!/\.(json|hcl)$/.test(name)) continue;
    const layer = readFile(`${path.replace(/\/+$/, "")}/${name}`, format, ports);
    if (!layer.ok) return layer;
    layers.push(layer.value);
  }
  return ok(layers);
}

function readFile(path: string, asked: string, ports: ConfigPorts): Result<Layer, string> {
  const format = formatOf(path, asked);
  if (format === null)
    return fail(
      `${path}: the name of a configuration file ends in .hcl or .json; -config-format=hcl (or json) reads it as it is`,
    );
  const text = ports.readText(path);
  return text.ok
    ? readSource(path, text.value, format)
    : fail(`config: Open failed on ${path}. ${text.error}`);
}

function readSource(path: string, text: string, format: SourceFormat): Result<Layer, string> {
  const object = parseSource(path, text, format);
  if (!object.ok) return object;
  const layer = readLayer(object.value);
  if (!layer.ok) return fail(`failed to parse ${path}: ${layer.error}`);
  const mistake = definitionMistake(layer.value);
  return mistake === null ? layer : fail(`failed to parse ${path}: ${mistake}`);
}
