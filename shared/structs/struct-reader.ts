// Reads the fields of one JSON object as Go's encoding/json fills a struct: names match in any case, null leaves the
// zero value, a wrong type or an unknown name is an error in Go's words. Used by the parsers of bodies and files.

import { goBase64 } from "../base/base64.ts";
import type { Millis, U64 } from "../base/brand.ts";
import { parseGoDuration } from "../base/millis.ts";
import { fail, ok, type Result } from "../base/result.ts";

/** Where an object stands, for the texts of its errors. */
export type ReaderPlace = {
  /** "api": Go's texts and only its names. "file": underscores do not count, "8080" is a number, x is [x]. */
  readonly source: "api" | "file";
  /** Go's name of the whole type, for an object that is none. */
  readonly type: string;
  /** Go's name of the struct in "Go struct field STRUCT.PATH". */
  readonly struct: string;
  /** Names of the enclosing fields, each with a dot behind it. */
  readonly path: string;
  /** Set inside a type that decodes itself: Go then names the enclosing field only. */
  readonly fixedField?: string;
  /** "file": where unknown keys go, each with its path, for all of them to be told at once. */
  readonly unknown?: string[];
};

const uint64Max = 2n ** 64n - 1n;

type Entry = { readonly name: string; readonly value: unknown; readonly position: number };
type Problem = { readonly position: number; readonly text: string };

export class StructReader {
  readonly #place: ReaderPlace;
  readonly #entries = new Map<string, Entry>();
  readonly #read = new Set<string>();
  #problem: Problem | null = null;
  #isLenient = false;
  #durationProblem: string | null = null;

  constructor(value: unknown, place: ReaderPlace) {
    this.#place = place;
    if (value === null || value === undefined) return;
    if (typeof value !== "object" || Array.isArray(value)) {
      const here = place.path.replace(/\.$/, "");
      const isFile = place.source === "file" && here !== "";
      const text = isFile ? fileMismatch(value, place.type, here) : mismatch(value, place.type, null);
      this.#problem = { position: 0, text };
      return;
    }
    Object.entries(value).forEach(([name, inner], position) => {
      this.#entries.set(this.#fold(name), { name, value: inner, position });
    });
  }

  /** Names with and without underscores are the same here. */
  get foldsUnderscores(): boolean {
    return this.#place.source === "file";
  }

  /** Absent, or null: Go leaves a list nil then, and not empty. */
  isNull(name: string): boolean {
    return (this.#entries.get(this.#fold(name))?.value ?? null) === null;
  }

  string(name: string, type = "string"): string {
    return this.#scalar(name, type, "", (value) => (typeof value === "string" ? value : undefined));
  }

  boolean(name: string): boolean {
    return this.#scalar(name, "bool", false, (value) => {
      if (typeof value === "boolean") return value;
      if (this.#place.source === "file" && (value === "true" || value === "false")) return value === "true";
      return undefined;
    });
  }

  integer(name: string, type: "int" | "uint" | "uint64" = "int"): number {
    return this.#scalar(name, type, 0, (value) => {
      const number =
        this.#place.source === "file" && typeof value === "string" ? Number(value || "x") : value;
      if (typeof number !== "number" || !Number.isInteger(number)) return undefined;
      const [least, end] = type === "int" ? [-(2 ** 63), 2 ** 63] : [0, 2 ** 64];
      return number < least || number >= end ? undefined : number;
    });
  }

  /** An unsigned 64-bit number, unrounded when the text was read with parseGoJsonExact. */
  uint64(name: string): U64 {
    return this.#scalar(name, "uint64", "0" as U64, (value) => {
      const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
      return isWhole && value >= 0 && value <= uint64Max ? (String(BigInt(value)) as U64) : undefined;
    });
  }

  /** []byte: base64 in one canonical form; null when it is empty. */
  base64(name: string): string | null {
    const text = this.#scalar<string | null>(name, "[]uint8", null, (value) =>
      typeof value === "string" ? value : undefined,
    );
    const canonical = text === null ? ok("") : goBase64(text);
    if (canonical.ok) return canonical.value === "" ? null : canonical.value;
    const entry = this.#take(name);
    if (entry !== null) this.#note(entry, canonical.error);
    return null;
  }

  /** The same reader, for a type that ignores names it does not know. */
  lenient(): this {
    this.#isLenient = true;
    return this;
  }

  /** float64. */
  number(name: string): number {
    return this.#scalar(name, "float64", 0, (value) => (typeof value === "number" ? value : undefined));
  }

  numbers(name: string): readonly number[] | null {
    this.#names.set(this.#fold(name), name);
    const entry = this.#take(name);
    if (entry === null) return null;
    if (!Array.isArray(entry.value)) {
      this.#mismatch(entry, entry.value, "[]float64");
      return null;
    }
    return entry.value.map((item: unknown) => {
      if (typeof item === "number") return item;
      if (item !== null) this.#mismatch(entry, item, "float64");
      return 0;
    });
  }

  /** `types`: Go's names of the list and of its elements. */
  strings(name: string, types: readonly [string, string] = ["[]string", "string"]): readonly string[] | null {
    this.#names.set(this.#fold(name), name);
    const entry = this.#take(name);
    if (entry === null) return null;
    if (this.#place.source === "file" && typeof entry.value === "string") return [entry.value];
    return this.#stringList(entry, entry.value, types);
  }

  stringMap(name: string): Record<string, string> | null {
    return this.#map(name, "map[string]string", (entry, value) => {
      if (typeof value === "string") return value;
      if (value === null) return "";
      if (this.#place.source === "file" && typeof value !== "object") return String(value);
      this.#mismatch(entry, value, "string");
      return "";
    });
  }

  /** map[string][]string: the headers of an HTTP check. */
  stringListMap(name: string): Record<string, readonly string[]> | null {
    return this.#map(name, "map[string][]string", (entry, value) => this.#stringList(entry, value) ?? []);
  }

  /** "10s", or a number of nanoseconds; anything else is silently no duration, as in Go's interface{} fields. */
  duration(name: string): Millis {
    const entry = this.#take(name);
    if (entry === null) return 0;
    if (typeof entry.value === "number") return entry.value / 1e6;
    if (typeof entry.value !== "string") return 0;
    if (entry.value === "" && this.#place.source === "file") return 0;
    const parsed = parseGoDuration(entry.value);
    if (parsed.ok) return parsed.value;
    const where = `${this.#place.path}${entry.name}: invalid duration: ${JSON.stringify(entry.value)}: `;
    this.#durationProblem ??= this.#place.source === "file" ? where + parsed.error : parsed.error;
    return 0;
  }

  /** A nested object; `read` gets null when there is none. `struct` and `type` are Go's names of it. */
  object<T>(name: string, struct: string, type: string, read: (reader: StructReader) => T): T | null {
    this.#names.set(this.#fold(name), name);
    const entry = this.#take(name);
    if (entry === null) return null;
    return this.#nested(entry, entry.value, struct, type, read);
  }

  objectList<T>(
    name: string,
    struct: string,
    types: readonly [string, string],
    read: (r: StructReader) => T,
  ): T[] {
    this.#names.set(this.#fold(name), name);
    const entry = this.#take(name);
    if (entry === null) return [];
    const values = this.#place.source === "file" && !Array.isArray(entry.value) ? [entry.value] : entry.value;
    if (!Array.isArray(values)) {
      this.#mismatch(entry, values, types[0]);
      return [];
    }
    return values.map((value, at) => this.#nested(entry, value, struct, types[1], read, `[${at}]`));
  }

  objectMap<T>(
    name: string,
    struct: string,
    type: string,
    read: (reader: StructReader) => T,
  ): Record<string, T> | null {
    return this.#map(name, `map[string]${type}`, (entry, value, key) =>
      this.#nested(entry, value, struct, type, read, `[${key}]`),
    );
  }

  /** A field that is read by nobody here; only its name is known. */
  any(name: string): unknown {
    return this.#take(name)?.value;
  }

  /** The first error in the order of the text, unknown fields included; to be called when all fields were read. */
  problem(): string | null {
    for (const [key, entry] of this.#entries) {
      if (this.#isLenient || this.#read.has(key)) continue;
      if (this.#place.unknown === undefined) this.#note(entry, unknownField(this.#place, entry.name));
      else this.#place.unknown.push(`${this.#place.path}${entry.name}`);
    }
    return this.#problem?.text ?? this.#durationProblem;
  }

  /** `value`, unless something was wrong. */
  finish<T>(value: T): Result<T, string> {
    const problem = this.problem();
    return problem === null ? ok(value) : fail(problem);
  }

  #fold(name: string): string {
    const lower = name.toLowerCase();
    return this.#place.source === "file" ? lower.replaceAll("_", "") : lower;
  }

  #take(name: string): Entry | null {
    const key = this.#fold(name);
    this.#read.add(key);
    const entry = this.#entries.get(key);
    return entry === undefined || entry.value === null ? null : entry;
  }

  #note(entry: Entry, text: string): void {
    if (this.#problem !== null && this.#problem.position <= entry.position) return;
    this.#problem = { position: entry.position, text };
  }

  #mismatch(entry: Entry, value: unknown, type: string): void {
    const { source, struct, path, fixedField } = this.#place;
    const field = fixedField ?? `${struct}.${path}${this.#goName(entry.name)}`;
    const text =
      source === "file" ? fileMismatch(value, type, `${path}${entry.name}`) : mismatch(value, type, field);
    this.#note(entry, text);
  }

  // Go prints the field's own name, not the spelling of the text.
  readonly #names = new Map<string, string>();
  #goName(spelled: string): string {
    return this.#names.get(this.#fold(spelled)) ?? spelled;
  }

  #scalar<T>(name: string, type: string, zero: T, accept: (value: unknown) => T | undefined): T {
    this.#names.set(this.#fold(name), name);
    const entry = this.#take(name);
    if (entry === null) return zero;
    const accepted = accept(entry.value);
    if (accepted !== undefined) return accepted;
    this.#mismatch(entry, entry.value, type);
    return zero;
  }

  #stringList(
    entry: Entry,
    value: unknown,
    types: readonly [string, string] = ["[]string", "string"],
  ): readonly string[] | null {
    if (value === null) return null;
    if (!Array.isArray(value)) {
      this.#mismatch(entry, value, types[0]);
      return null;
    }
    return value.map((item: unknown) => {
      if (typeof item === "string") return item;
      if (item !== null) this.#mismatch(entry, item, types[1]);
      return "";
    });
  }

  #map<T>(
    name: string,
    type: string,
    read: (entry: Entry, value: unknown, key: string) => T,
  ): Record<string, T> | null {
    this.#names.set(this.#fold(name), name);
    const entry = this.#take(name);
    if (entry === null) return null;
    if (typeof entry.value !== "object" || Array.isArray(entry.value)) {
      this.#mismatch(entry, entry.value, type);
      return null;
    }
    // fromEntries defines own properties, so that a key named __proto__ is a key like any other.
    return Object.fromEntries(
      Object.entries(entry.value ?? {}).map(([key, value]) => [key, read(entry, value, key)]),
    );
  }

  #nested<T>(
    entry: Entry,
    value: unknown,
    struct: string,
    type: string,
    read: (r: StructReader) => T,
    position = "",
  ): T {
    const { source, path, fixedField, unknown } = this.#place;
    const isObject = value === null || (typeof value === "object" && !Array.isArray(value));
    if (!isObject) this.#mismatch(entry, value, type);
    const inside: ReaderPlace = {
      source,
      type,
      struct,
      path: source === "file" ? `${path}${entry.name}${position}.` : `${path}${this.#goName(entry.name)}.`,
      ...(unknown === undefined ? {} : { unknown }),
      // A type without a name here decodes itself; its errors name the field it stands in.
      ...(struct === ""
        ? { fixedField: fixedField ?? `${this.#place.struct}.${path}${this.#goName(entry.name)}` }
        : {}),
      ...(struct !== "" && fixedField !== undefined ? { fixedField } : {}),
    };
    const reader = new StructReader(isObject ? value : null, inside);
    const result = read(reader);
    const problem = reader.problem();
    if (problem !== null && problem === reader.#durationProblem) this.#durationProblem ??= problem;
    else if (problem !== null) this.#note(entry, problem);
    return result;
  }
}

function unknownField(place: ReaderPlace, name: string): string {
  return place.source === "file"
    ? `invalid config key ${place.path}${name}`
    : `json: unknown field "${name}"`;
}

function mismatch(value: unknown, type: string, field: string | null): string {
  const where = field === null ? `Go value of type ${type}` : `Go struct field ${field} of type ${type}`;
  return `json: cannot unmarshal ${kindOf(value, type)} into ${where}`;
}

/** The words of Go's mapstructure, which reads Consul's files. */
function fileMismatch(value: unknown, type: string, path: string): string {
  const kind = Array.isArray(value)
    ? "slice"
    : typeof value === "object"
      ? "map"
      : (fileKinds[typeof value] ?? "string");
  if (type.startsWith("[]") || listTypes.includes(type))
    return `'${path}': source data must be an array or slice, got ${kind}`;
  return type === "string" || type === "bool" || type === "int"
    ? `'${path}' expected type '${type}', got unconvertible type '${kind}'`
    : `'${path}' expected a map, got '${kind}'`;
}

const fileKinds: Readonly<Record<string, string>> = { boolean: "bool", number: "float64" };
const listTypes: readonly string[] = ["structs.Upstreams", "structs.CheckTypes"];

// Go prints the number itself only where a number was right but this one does not fit.
function kindOf(value: unknown, type: string): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value !== "number" && typeof value !== "bigint") return typeof value;
  return type === "int" || type.startsWith("uint") ? `number ${value}` : "number";
}
