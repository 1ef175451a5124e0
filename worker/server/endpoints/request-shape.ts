// Shapes of requests that come over links and from peers as unknown: the few kinds of fields that requests have.
// A wrong shape is a bug or an attack, not a user's mistake: those are found where the text was parsed.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";

export type Field = (value: unknown) => boolean;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const text: Field = (value) => typeof value === "string";
export const flag: Field = (value) => typeof value === "boolean";
export const count: Field = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
export const texts: Field = (value) => Array.isArray(value) && value.every(text);
export const textMap: Field = (value) => isObject(value) && Object.values(value).every(text);

const uint64Max = 2n ** 64n - 1n;
/** A u64 as its decimal text. */
export const uint64Text: Field = (value) =>
  typeof value === "string" && /^\d{1,20}$/.test(value) && (value.length < 20 || BigInt(value) <= uint64Max);
export const base64Text: Field = (value) => typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(value);

export function orNull(field: Field): Field {
  return (value) => value === null || field(value);
}

/** May be left out. */
export function optional(field: Field): Field {
  return (value) => value === undefined || field(value);
}

export function oneOf(...names: readonly string[]): Field {
  return (value) => typeof value === "string" && names.includes(value);
}

export function listOf(field: Field): Field {
  return (value) => Array.isArray(value) && value.every(field);
}

/** An object with at least these fields. */
export function object(fields: Readonly<Record<string, Field>>): Field {
  const list = Object.entries(fields);
  return (value) => isObject(value) && wrongField(list, value) === null;
}

/** The first field that is not as it must be, null when all are. */
function wrongField(
  fields: readonly (readonly [string, Field])[],
  value: Readonly<Record<string, unknown>>,
): string | null {
  for (const [name, field] of fields) if (!field(value[name])) return name;
  return null;
}

/** What every read carries beside its own fields. */
export const queryOptions: Field = object({
  datacenter: text,
  token: text,
  consistency: oneOf("default", "consistent", "stale"),
  minIndex: count,
  waitMillis: (value) => typeof value === "number" && Number.isFinite(value) && value >= 0,
  near: (value) => value === undefined || text(value),
});

/** A check of a whole request; its type is what `fields` promise, which the caller states. */
export function requestOf<T>(
  fields: Readonly<Record<string, Field>>,
): (request: unknown) => Result<T, ServerError> {
  const list = Object.entries(fields);
  return (request) => {
    if (!isObject(request)) return fail(serverError("badRequest", "a request is an object"));
    const wrong = wrongField(list, request);
    if (wrong !== null) return fail(serverError("badRequest", `wrong request: ${wrong}`));
    return ok(request as T);
  };
}
