// Loads the agent's configuration: options and files, in the order of the command line, to one RuntimeConfig. Called
// at start, on reload and by `legate validate`. Files are read through a port.

import type { Result } from "../../shared/base/result.ts";
import { fail, ok } from "../../shared/base/result.ts";
import { type FlagSpec, flagBool, flagText, type ParsedFlags, parseFlags } from "./flags.ts";
import { buildConfig, definitionMistake } from "./build.ts";
import { parseJsonSource } from "./json-source.ts";
import { type Layer, mergeLayers, readLayer, valueFromTexts } from "./layers.ts";
import type { RuntimeConfig } from "./runtime-config.ts";
import { type Setting, settings } from "./schema.ts";

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
  { name: "config-file", type: "list", value: "path", doc: "A file of settings in JSON. May be repeated." },
  {
    name: "config-dir",
    type: "list",
    value: "path",
    doc: "A directory whose *.json files are read in alphabetical order. May be repeated.",
  },
  {
    name: "config-format",
    type: "text",
    value: "json",
    doc: "Format of files, whatever their names end in.",
  },
  { name: "hcl", type: "list", value: "text", doc: "Settings as HCL: not available yet." },
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
  if (flagText(flags, "hcl") !== undefined) return fail(`-hcl: ${hclLater}`);
  const format = flagText(flags, "config-format") ?? "";
  if (format === "hcl") return fail(`-config-format=hcl: ${hclLater}`);
  if (format !== "" && format !== "json") return fail(`-config-format must be json, not "${format}"`);

  let layer: Layer = new Map();
  for (const [name, path] of flags.given) {
    if (name !== "config-file" && name !== "config-dir") continue;
    const read = readPath(path, format, ports);
    if (!read.ok) return read;
    for (const file of read.value) layer = mergeLayers(layer, file);
  }
  const fromFlags = readFlags(flags);
  if (!fromFlags.ok) return fromFlags;
  return buildConfig(mergeLayers(layer, fromFlags.value), flagBool(flags, "dev"), ports);
}

const hclLater = "HCL is not available yet (docs/compatibility.md): write the same settings as JSON";

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

function readFile(path: string, format: string, ports: ConfigPorts): Result<Layer, string> {
  if (format === "" && path.endsWith(".hcl")) return fail(`${path}: ${hclLater}`);
  if (format === "" && !path.endsWith(".json"))
    return fail(
      `${path}: the name of a configuration file ends in .json; -config-format=json reads it as it is`,
    );
  const text = ports.readText(path);
  if (!text.ok) return fail(`config: Open failed on ${path}. ${text.error}`);
  const object = parseJsonSource(path, text.value);
  if (!object.ok) return object;
  const layer = readLayer(object.value);
  if (!layer.ok) return fail(`failed to parse ${path}: ${layer.error}`);
  const mistake = definitionMistake(layer.value);
  return mistake === null ? layer : fail(`failed to parse ${path}: ${mistake}`);
}
