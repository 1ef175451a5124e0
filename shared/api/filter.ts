// ?filter= of a request. It is applied here, to what the servers answered: a blocking query wakes by its result's
// index as it does without a filter, which is also what Consul does, and equal queries stay equal for whoever shares them.

import { fail, ok, type Result } from "../base/result.ts";
import { createFilter, type Filter } from "../bexpr/evaluate.ts";
import type { Fields } from "../bexpr/fields.ts";
import { type ServerError, serverError } from "../errors.ts";
import type { HttpRequest } from "./http.ts";

/** The filter of a request on rows with `fields`; null when it has none. Consul answers a wrong one with 500. */
export function requestFilter(request: HttpRequest, fields: Fields): Result<Filter | null, ServerError> {
  const text = request.rawQuery === "" ? "" : (request.query("filter") ?? "");
  if (text === "") return ok(null);
  const filter = createFilter(text, fields);
  return filter.ok ? filter : fail(serverError("rejected", filter.error));
}

/** The rows that pass. */
export function filterRows<T>(rows: readonly T[], filter: Filter | null): readonly T[] {
  return filter === null ? rows : rows.filter(filter);
}

/** The entries of a map whose values pass. */
export function filterEntries<T>(
  rows: Readonly<Record<string, T>>,
  filter: Filter | null,
): Readonly<Record<string, T>> {
  if (filter === null) return rows;
  return Object.fromEntries(Object.entries(rows).filter(([, row]) => filter(row)));
}
