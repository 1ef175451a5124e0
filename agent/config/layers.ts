// Values of settings from one file or the command line (a layer), checked against the schema, and how layers are laid
// on one another: scalars replace, lists and definitions append, maps merge.

import { parseGoDuration } from "../../shared/base/millis.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { parseGoBool } from "./flags.ts";
import { isSection, type Setting, type SettingType, settingOf } from "./schema.ts";

export type SettingValue = string | number | boolean | readonly unknown[] | Readonly<Record<string, string>>;
/** By key path ("ports.http"). */
export type Layer = ReadonlyMap<string, SettingValue>;

/** The values of one file's object; the error lists everything that is wrong with it. */
export function readLayer(source: Readonly<Record<string, unknown>>): Result<Layer, string> {
  const values = new Map<string, SettingValue>();
  const unknown: string[] = [];
  const mistaken: string[] = [];
  const walk = (object: Readonly<Record<string, unknown>>, prefix: string): void => {
    for (const [written, value] of Object.entries(object)) {
      const key = prefix + written.toLowerCase();
      const setting = settingOf(key);
      if (setting !== undefined) {
        if (value === null) continue;
        const mistake = valueMistake(setting.type, key, value);
        if (mistake !== null) mistaken.push(mistake);
        else if (setting.type === "definitions") values.set(key, Array.isArray(value) ? value : [value]);
        else values.set(key, value as SettingValue);
      } else if (!isSection(key)) {
        unknown.push(prefix + written);
      } else if (value !== null) {
        // Files translated from HCL write a section as a list of one object.
        const section = Array.isArray(value) && value.length === 1 ? value[0] : value;
        if (isObject(section)) walk(section, `${key}.`);
        else mistaken.push(`'${key}' expected a map, got '${goKind(value)}'`);
      }
    }
  };
  walk(source, "");
  if (mistaken.length > 0)
    return fail(`${mistaken.length} error(s) decoding:\n\n${mistaken.map((each) => `* ${each}`).join("\n")}`);
  if (unknown.length > 0) {
    const count = unknown.length === 1 ? "1 error occurred" : `${unknown.length} errors occurred`;
    return fail(`${count}:\n${unknown.map((key) => `\t* invalid config key ${key}`).join("\n")}`);
  }
  return ok(values);
}

/** Lays `upper` on `lower`. */
export function mergeLayers(lower: Layer, upper: Layer): Layer {
  const merged = new Map(lower);
  for (const [key, value] of upper) {
    const below = merged.get(key);
    if (Array.isArray(value) && Array.isArray(below)) merged.set(key, [...below, ...value]);
    else if (isObject(value) && isObject(below))
      merged.set(key, { ...below, ...value } as Record<string, string>);
    else merged.set(key, value);
  }
  return merged;
}

/** The value of an option, given as text as often as it was given. */
export function valueFromTexts(setting: Setting, texts: readonly string[]): Result<SettingValue, string> {
  const last = texts.at(-1) ?? "";
  switch (setting.type) {
    case "bool":
      return ok(parseGoBool(last) === true);
    case "int":
    case "float":
      return Number.isNaN(Number(last))
        ? fail(`-${setting.flag}: "${last}" is not a number`)
        : ok(Number(last));
    case "list":
      return ok(texts);
    case "map": {
      const pairs = texts.map(
        (text) => [text.split(":", 1)[0] ?? "", text.slice(text.indexOf(":") + 1)] as const,
      );
      const broken = texts.find((text) => !text.includes(":"));
      if (broken !== undefined) return fail(`-${setting.flag}: "${broken}" is not of the form key:value`);
      return ok(Object.fromEntries(pairs));
    }
    case "duration": {
      const duration = parseGoDuration(last);
      return duration.ok
        ? ok(last)
        : fail(`-${setting.flag}: invalid duration: "${last}": ${duration.error}`);
    }
    default:
      return ok(last);
  }
}

/** Typed reading of the merged layers; what no layer sets has the schema's standard value. */
export type Values = {
  text(key: string): string;
  number(key: string): number;
  bool(key: string): boolean;
  list(key: string): readonly string[];
  map(key: string): Readonly<Record<string, string>>;
  definitions(key: string): readonly unknown[];
  millis(key: string): number;
  has(key: string): boolean;
};

export function valuesOf(layer: Layer): Values {
  const standard = (key: string) => settingOf(key)?.standard ?? "";
  const text = (key: string) => String(layer.get(key) ?? standard(key));
  const array = (key: string) => {
    const value = layer.get(key);
    return Array.isArray(value) ? (value as readonly unknown[]) : [];
  };
  return {
    text,
    number: (key) => Number(text(key)),
    bool: (key) => text(key) === "true",
    list: (key) => array(key).map(String),
    map: (key) => {
      const value = layer.get(key);
      return isObject(value) ? (value as Record<string, string>) : {};
    },
    definitions: array,
    millis: (key) => {
      const duration = parseGoDuration(text(key));
      return duration.ok ? duration.value : 0;
    },
    has: (key) => layer.has(key),
  };
}

function valueMistake(type: SettingType, key: string, value: unknown): string | null {
  const kind = goKind(value);
  const expected = (go: string) => `'${key}' expected type '${go}', got unconvertible type '${kind}'`;
  switch (type) {
    case "text":
      return kind === "string" ? null : expected("string");
    case "bool":
      return kind === "bool" ? null : expected("bool");
    case "int":
      return Number.isSafeInteger(value) ? null : expected("int");
    case "float":
      return kind === "float64" ? null : expected("float64");
    case "duration": {
      if (typeof value !== "string")
        return `${expected("string")}: a duration is written as "10s" or "1m30s"`;
      const duration = parseGoDuration(value);
      return duration.ok ? null : `${key}: invalid duration: "${value}": ${duration.error}`;
    }
    case "list": {
      if (!Array.isArray(value)) return `'${key}': source data must be an array or slice, got ${kind}`;
      const wrong = value.findIndex((item) => typeof item !== "string");
      return wrong < 0
        ? null
        : `'${key}[${wrong}]' expected type 'string', got unconvertible type '${goKind(value[wrong])}'`;
    }
    case "map": {
      if (!isObject(value)) return `'${key}' expected a map, got '${kind}'`;
      const wrong = Object.entries(value).find(([, item]) => typeof item !== "string");
      return wrong === undefined
        ? null
        : `'${key}[${wrong[0]}]' expected type 'string', got unconvertible type '${goKind(wrong[1])}'`;
    }
    case "definitions": {
      // One block `services { … }` of an HCL file is a list of one.
      const many = key.endsWith("s");
      if (isObject(value) || (many && Array.isArray(value))) return null;
      return many
        ? `'${key}': source data must be an array or slice, got ${kind}`
        : `'${key}' expected a map, got '${kind}'`;
    }
    case "any":
      return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Go's name of a decoded JSON value, as Consul's texts have it. */
function goKind(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  if (value === null) return "nil";
  if (typeof value === "object") return "map";
  if (typeof value === "boolean") return "bool";
  return typeof value === "number" ? "float64" : "string";
}
