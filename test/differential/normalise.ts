// Makes the answers of two programs comparable: what must differ (identifiers, indexes, ports, times) becomes a name
// that tells only where the value was seen first, so that equal values stay equal and orders stay orders.

import type { Answer } from "./exchange.ts";

const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
/** Numbers that are indexes of the state store, wherever they are printed. */
const indexes =
  /("?\b(?:CreateIndex|ModifyIndex|Index|ConfigurationIndex|X-Consul-Index|modify index|to index)(?:":\s*"?|:?\s+"?))(\d+)/g;
const notCompared = new Set(["date", "content-length", "transfer-encoding", "keep-alive"]);

/** Names of one program's values in one scenario. */
export class Names {
  readonly #known: readonly (readonly [string, string])[];
  readonly #startIndex: number;
  readonly #uuids = new Map<string, string>();
  readonly #indexes = new Map<number, string>();
  #step = 0;
  #fresh = 0;

  /** `known` are values that have a name from the start: ports, the node's identifier, directories. */
  constructor(known: Readonly<Record<string, string>>, startIndex: number) {
    this.#startIndex = startIndex;
    this.#known = Object.entries(known)
      .filter(([name]) => name !== "node")
      .map(([name, value]) => [name, value]);
  }

  /** What is new from here on is named after this step. */
  begin(step: number): void {
    this.#step = step;
    this.#fresh = 0;
  }

  /** The lines of an answer: status, headers by name, body. */
  lines(answer: Answer, ignore: readonly RegExp[]): string[] {
    const headers = answer.headers
      .filter(([name]) => !notCompared.has(name.toLowerCase()))
      .map(([name, value]) => this.#header(name, value, ignore))
      .sort();
    const body = this.#text(answer.body, ignore);
    return [`status ${answer.status}`, ...headers, "", ...body.split("\n")];
  }

  #header(name: string, value: string, ignore: readonly RegExp[]): string {
    const whole = `${name}: ${value}`;
    const masked = ignore.reduce((text, pattern) => text.replace(pattern, "<ignored>"), whole);
    if (masked !== whole) return masked;
    if (name === "X-Consul-Lastcontact") return `${name}: ${/^\d+$/.test(value) ? "<millis>" : value}`;
    if (name === "X-Consul-Index") return `${name}: ${this.#index(value)}`;
    return `${name}: ${this.#text(value, [])}`;
  }

  #text(text: string, ignore: readonly RegExp[]): string {
    let masked = text;
    for (const pattern of ignore) masked = masked.replace(pattern, "<ignored>");
    for (const [name, value] of this.#known) {
      masked = masked.replaceAll(
        /^\d+$/.test(value) ? new RegExp(`\\b${value}\\b`, "g") : value,
        `<${name}>`,
      );
    }
    masked = masked.replace(uuid, (value) => this.#uuid(value));
    return masked.replace(indexes, (_, before: string, value: string) => `${before}${this.#index(value)}`);
  }

  #uuid(value: string): string {
    // Those that a scenario writes itself repeat one digit.
    if (new Set(value.slice(0, 8)).size === 1) return value;
    const known = this.#uuids.get(value);
    if (known !== undefined) return known;
    const name = `<uuid:${this.#step}.${this.#fresh++}>`;
    this.#uuids.set(value, name);
    return name;
  }

  #index(decimal: string): string {
    // Nothing was written yet; and hashes, which are no indexes of the log.
    if (decimal === "0" || decimal === "1") return decimal;
    if (decimal.length > 12) return this.#uuid(decimal);
    const value = Number(decimal);
    if (value <= this.#startIndex) return "<index:start>";
    const known = this.#indexes.get(value);
    if (known !== undefined) return known;
    const higher = [...this.#indexes].filter(([other]) => other > value).sort(([a], [b]) => a - b);
    const below = higher[0] === undefined ? "" : ` below ${higher[0][1]}`;
    const name = `<index:${this.#step}.${this.#fresh++}${below}>`;
    this.#indexes.set(value, name);
    return name;
  }
}

/** The lines in which two texts differ, with "-" and "+"; empty when they are equal. */
export function difference(left: readonly string[], right: readonly string[]): string[] {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let [leftEnd, rightEnd] = [left.length, right.length];
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1] === right[rightEnd - 1]) {
    leftEnd -= 1;
    rightEnd -= 1;
  }
  const [a, b] = [left.slice(start, leftEnd), right.slice(start, rightEnd)];
  if (a.length * b.length > 1_000_000)
    return [...a.map((line) => `- ${line}`), ...b.map((line) => `+ ${line}`)];
  return longestCommon(a, b);
}

function longestCommon(a: readonly string[], b: readonly string[]): string[] {
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = common[i] as Uint32Array;
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) lines.push(`- ${a[i++]}`);
    else lines.push(`+ ${b[j++]}`);
  }
  return lines;
}
