// Reads JSON into a described shape as Consul reads configuration entries: names in any case and with or without
// underscores, texts for numbers and numbers for texts, one value for a list; unknown names and values that fit
// nowhere are errors, all of which are told at once (in the words of Go's mapstructure).

import { formatGoDuration, parseGoDuration } from "../base/millis.ts";
import { fail, ok, type Result } from "../base/result.ts";

export type Shape =
  | { readonly kind: "flag" | "integer" | "count" | "float" | "duration" | "open" }
  /** `type`: Go's name of it, for a value that is none. */
  | { readonly kind: "text"; readonly type?: string }
  | { readonly kind: "list"; readonly of: Shape }
  | { readonly kind: "map"; readonly of: Shape }
  /** `absent`: what stands for a struct that is not given. */
  | { readonly kind: "struct"; readonly fields: readonly FieldShape[]; readonly absent: "empty" | "null" };

/** always: shown whatever it is; filled: left out when it says nothing. */
export type FieldShape = {
  readonly name: string;
  readonly shape: Shape;
  readonly shown: "always" | "filled";
};

type Problems = { readonly decoding: string[]; readonly unknown: string[] };

/** The value in its shape, its fields in the shape's order; the error is Consul's text. */
export function decodeWeakly(shape: Shape, value: unknown): Result<unknown, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return fail(`'' expected a map, got '${goKind(value)}'`);
  }
  const problems: Problems = { decoding: [], unknown: [] };
  const decoded = decode(shape, value, "", problems);
  const { decoding, unknown } = problems;
  if (decoding.length > 0) {
    return fail(
      `${decoding.length} error(s) decoding:\n\n${decoding
        .sort()
        .map((text) => `* ${text}`)
        .join("\n")}`,
    );
  }
  if (unknown.length > 0) {
    const count = unknown.length === 1 ? "1 error" : `${unknown.length} errors`;
    return fail(`${count} occurred:\n${unknown.map((text) => `\t* ${text}\n`).join("")}\n`);
  }
  return ok(decoded);
}

function decode(shape: Shape, given: unknown, path: string, problems: Problems): unknown {
  const value = shape.kind === "list" || shape.kind === "open" ? given : onlyElement(given);
  switch (shape.kind) {
    case "text":
      return decodeText(value, path, problems, shape.type);
    case "flag":
      return decodeFlag(value, path, problems);
    case "integer":
    case "count":
    case "float":
      return decodeNumber(shape.kind, value, path, problems);
    case "duration":
      return decodeDuration(value, path, problems);
    case "open":
      return value ?? null;
    case "list":
      return decodeList(shape.of, value, path, problems);
    case "map":
      return decodeMap(shape.of, value, path, problems);
    case "struct":
      return decodeStruct(shape, value, path, problems);
  }
}

/** A list of one stands for its element wherever no list is meant: so HCL writes a block. */
function onlyElement(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 && value[0] !== null ? (value[0] as unknown) : value;
}

function decodeText(value: unknown, path: string, problems: Problems, type = "string"): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "1" : "0";
  problems.decoding.push(`'${path}' expected type '${type}', got unconvertible type '${goType(value)}'`);
  return "";
}

function decodeFlag(value: unknown, path: string, problems: Problems): boolean {
  if (typeof value === "boolean") return value;
  if (value === null || value === undefined || value === "") return false;
  if (typeof value === "number") return value !== 0;
  if (typeof value === "string") {
    if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
    if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
    const parsing = `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`;
    problems.decoding.push(`cannot parse '${path}' as bool: ${parsing}`);
    return false;
  }
  problems.decoding.push(`'${path}' expected type 'bool', got unconvertible type '${goType(value)}'`);
  return false;
}

const numberNames = {
  integer: ["int", "ParseInt", "int"],
  count: ["uint", "ParseUint", "uint32"],
  float: ["float", "ParseFloat", "float32"],
} as const;

function decodeNumber(
  kind: keyof typeof numberNames,
  value: unknown,
  path: string,
  problems: Problems,
): number {
  const [name, parser, type] = numberNames[kind];
  if (value === null || value === undefined) return 0;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") {
    // Go makes a number below zero one of 32 bits without a sign.
    if (kind === "count" && value < 0) return Math.trunc(value) >>> 0;
    return kind === "float" ? value : Math.trunc(value);
  }
  if (typeof value === "string") {
    const fits =
      kind === "float"
        ? /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
        : kind === "count"
          ? /^\d+$/
          : /^[+-]?\d+$/;
    if (fits.test(value)) return Number(value);
    const parsing = `strconv.${parser}: parsing ${JSON.stringify(value)}: invalid syntax`;
    problems.decoding.push(`cannot parse '${path}' as ${name}: ${parsing}`);
    return 0;
  }
  problems.decoding.push(`'${path}' expected type '${type}', got unconvertible type '${goType(value)}'`);
  return 0;
}

/** What 63 bits do not hold becomes this in Go, on the processors that Consul is built for. */
const nanosMin = -(2 ** 63);

/** A Go duration as text ("15s"), or nanoseconds; shown as Go prints it, "" for none. */
function decodeDuration(value: unknown, path: string, problems: Problems): string {
  if (typeof value === "object" && value !== null) {
    problems.decoding.push(
      `'${path}' expected type 'time.Duration', got unconvertible type '${goType(value)}'`,
    );
    return "";
  }
  if (typeof value !== "string") {
    const nanos = decodeNumber("integer", value, path, problems);
    const bounded = nanos >= -nanosMin || nanos < nanosMin ? nanosMin : nanos;
    return bounded === 0 ? "" : formatGoDuration(bounded / 1e6);
  }
  const parsed = parseGoDuration(value);
  if (!parsed.ok) {
    problems.decoding.push(`error decoding '${path}': ${parsed.error}`);
    return "";
  }
  return parsed.value === 0 ? "" : formatGoDuration(parsed.value);
}

function decodeList(of: Shape, value: unknown, path: string, problems: Problems): unknown[] | null {
  if (value === null || value === undefined) return null;
  const isEmptyMap = typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0;
  const items: readonly unknown[] = isEmptyMap ? [] : Array.isArray(value) ? value : [value];
  return items.map((item, at) => decode(of, item, `${path}[${at}]`, problems));
}

function decodeMap(of: Shape, value: unknown, path: string, problems: Problems): object | null {
  const isEmptyList = Array.isArray(value) && value.length === 0;
  const object = isEmptyList ? null : asObject(value, path, problems);
  if (object === null) return null;
  const entries = Object.entries(object).map(
    ([key, item]) => [key, decode(of, item, `${path}[${key}]`, problems)] as const,
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function decodeStruct(
  shape: Shape & { kind: "struct" },
  value: unknown,
  path: string,
  problems: Problems,
): object | null {
  const object = asObject(value, path, problems);
  if (object === null && shape.absent === "null") return null;
  const given = object ?? {};
  const left = new Set(Object.keys(given));
  const shown: [string, unknown][] = [];
  for (const field of shape.fields) {
    const key = keyOf(left, field.name);
    if (key !== null) left.delete(key);
    const at = path === "" ? field.name : `${path}.${field.name}`;
    const decoded = decode(field.shape, key === null ? undefined : given[key], at, problems);
    if (field.shown === "always" || isFilled(decoded, field.shape)) shown.push([field.name, decoded]);
  }
  for (const key of left) {
    const at = path === "" ? key : `${path}.${key}`;
    const enterprise = fold(key) === "namespace" ? ", namespaces are a consul enterprise feature" : "";
    problems.unknown.push(`invalid config key "${at}"${enterprise}`);
  }
  return Object.fromEntries(shown);
}

/** Nothing is empty for a struct that may be left out: only null is. */
function isFilled(value: unknown, shape: Shape): boolean {
  if (shape.kind === "struct") return value !== null;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== "" && value !== 0 && value !== false && value !== null;
}

function keyOf(keys: ReadonlySet<string>, name: string): string | null {
  if (keys.has(name)) return name;
  for (const key of keys) if (fold(key) === fold(name)) return key;
  return null;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

function asObject(
  value: unknown,
  path: string,
  problems: Problems,
): Readonly<Record<string, unknown>> | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "object" && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  problems.decoding.push(`'${path}' expected a map, got '${goKind(value)}'`);
  return null;
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  if (value === null) return "invalid";
  return goType(value) === "map[string]interface {}" ? "map" : goType(value);
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "number") return "float64";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "map[string]interface {}";
}
