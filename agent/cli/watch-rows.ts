// Rows of health in the form in which Consul's own client prints them for watches: other orders of fields than the HTTP
// API's, and every field of a check's definition.

import { emptyClientDefinition } from "../../shared/structs/check.ts";

export type Row = Readonly<Record<string, unknown>>;

/** A check as a watch shows it. */
export function asClientCheck(check: Row): Row {
  const given = (check.Definition ?? {}) as Row;
  const known = Object.keys(emptyClientDefinition).filter((name) => name in given);
  const Definition = {
    ...emptyClientDefinition,
    ...Object.fromEntries(known.map((name) => [name, given[name]])),
  };
  return { ...check, Definition };
}

const serviceFields = [
  "Kind",
  "ID",
  "Service",
  "Tags",
  "Meta",
  "Port",
  "Address",
  "TaggedAddresses",
  "Weights",
  "EnableTagOverride",
  "CreateIndex",
  "ModifyIndex",
];

/** An instance with its node and checks as a watch shows it. */
export function asClientInstance(row: Row): Row {
  const { Node, Service, Checks } = row as { Node: Row; Service: Row; Checks: readonly Row[] };
  const first = serviceFields.filter((name) => name in Service).map((name) => [name, Service[name]]);
  return { Node, Service: { ...Object.fromEntries(first), ...Service }, Checks: Checks.map(asClientCheck) };
}
