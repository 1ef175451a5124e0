// Body of PUT /v1/config, and files of `config write`: finds the kind, then reads what that kind may say.

import { fail, ok, type Result } from "../base/result.ts";
import { type ConfigEntry, configShapes, isConfigKind } from "./config-entry.ts";
import { decodeWeakly } from "./weak-decoder.ts";

/** Decodes an entry; the error is Consul's text behind "Bad request: Request decoding failed: ". */
export function parseConfigEntry(value: unknown): Result<ConfigEntry, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const decoded = decodeWeakly({ kind: "open" }, value);
    return decoded.ok ? fail("not an object") : decoded;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const kind = fields.Kind ?? fields.kind;
  if (kind === undefined) return fail("Payload does not contain a kind/Kind key at the top level");
  if (typeof kind !== "string") return fail("Kind value in payload is not a string");
  if (!isConfigKind(kind)) return fail(`invalid config entry kind: ${kind}`);
  const decoded = decodeWeakly(configShapes[kind], value);
  if (!decoded.ok) return decoded;
  // The shape made it an entry of its kind, whatever other spellings of "kind" said.
  return ok({ ...(decoded.value as ConfigEntry), Kind: kind } as ConfigEntry);
}
