// Body of PUT /v1/config, and files of `config write`: finds the kind, then reads what that kind may say.

import { fail, ok, type Result } from "../base/result.ts";
import { type ConfigEntry, configShapes, isConfigKind } from "./config-entry.ts";
import { decodeWeakly } from "./weak-decoder.ts";

/** Decodes an entry; the error is Consul's text behind "Bad request: Request decoding failed: ". */
export function parseConfigEntry(value: unknown): Result<ConfigEntry, string> {
  if (value === null) return fail(withoutKind);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const decoded = decodeWeakly({ kind: "open" }, value);
    return decoded.ok ? fail("not an object") : decoded;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const kind = "Kind" in fields ? fields.Kind : fields.kind;
  if (kind === undefined) return fail(withoutKind);
  if (typeof kind !== "string") return fail("Kind value in payload is not a string");
  if (!isConfigKind(kind)) return fail(`invalid config entry kind: ${kind}`);
  const decoded = decodeWeakly(configShapes[kind], withoutIndexes(fields));
  if (!decoded.ok) return decoded;
  // The shape made it an entry of its kind, whatever other spellings of "kind" said.
  return ok({ ...(decoded.value as ConfigEntry), Kind: kind } as ConfigEntry);
}

const withoutKind = "Payload does not contain a kind/Kind key at the top level";

/** An entry may be written as it was read: its indexes are no news, in this spelling only (Consul). */
function withoutIndexes(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { CreateIndex: _created, ModifyIndex: _modified, ...rest } = fields;
  return rest;
}
