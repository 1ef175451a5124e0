// The text of one configuration file to an object, by its format.

import type { Result } from "../../shared/base/result.ts";
import { fail } from "../../shared/base/result.ts";
import { parseHcl } from "../../shared/hcl/parse.ts";
import { parseJsonSource } from "./json-source.ts";

export type SourceFormat = "hcl" | "json";

/** The format of a file: the one asked for, else by its name; null for none of Consul's. */
export function formatOf(path: string, asked: string): SourceFormat | null {
  if (asked === "hcl" || asked === "json") return asked;
  if (path.endsWith(".hcl")) return "hcl";
  return path.endsWith(".json") ? "json" : null;
}

/** The object of a file; the error names the file and the place. */
export function parseSource(
  path: string,
  text: string,
  format: SourceFormat,
): Result<Record<string, unknown>, string> {
  if (format === "json") return parseJsonSource(path, text);
  const parsed = parseHcl(text);
  return parsed.ok ? parsed : fail(`failed to parse ${path}: ${parsed.error}`);
}
