// The body of /v1/session/create: decoded with Go's texts and completed with Consul's defaults. What needs the catalog
// or the server's settings is decided by the leader.

import { parseGoDuration } from "../base/millis.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import { serfHealthCheckId } from "./check.ts";
import type { ServiceCheck, SessionRequest } from "./session.ts";
import { StructReader } from "./struct-reader.ts";

const lockDelayNanosDefault = 15e9;
/** Below this a LockDelay counts seconds: 15 is 15 s, and so is, oddly, "15ns" (Consul). */
const secondsBelow = 1_000;
const fields = [
  "LockDelay",
  "Node",
  "Name",
  "Behavior",
  "TTL",
  "Checks",
  "NodeChecks",
  "ServiceChecks",
  "ID",
  "CreateIndex",
  "ModifyIndex",
];

/** Parses a body that may be absent (undefined); `node` is where a session belongs when it names no node. */
export function parseSession(value: unknown, node: string): Result<SessionRequest, ServerError> {
  const type = "struct { LockDelay interface {}; *structs.Alias }";
  const known = onlyKnown(value);
  const reader = new StructReader(known, { source: "api", type, struct: "", path: "" });
  const has = (name: string) =>
    typeof known === "object" && known !== null && Object.keys(known).some((key) => same(key, name));
  const checks = reader.strings("Checks", ["[]types.CheckID", "types.CheckID"]);
  const nodeChecks = reader.strings("NodeChecks");
  const request: SessionRequest = {
    Name: reader.string("Name"),
    Node: givenNode(reader) ?? node,
    LockDelay: 0,
    Behavior: reader.string("Behavior", "structs.SessionBehavior") || "release",
    TTL: reader.string("TTL"),
    ...tiedChecks(
      has("Checks") ? (checks ?? []) : [serfHealthCheckId],
      has("NodeChecks") ? nodeChecks : [serfHealthCheckId],
    ),
    ServiceChecks: readServiceChecks(reader),
  };
  const lockDelay = reader.any("LockDelay");
  reader.string("ID");
  for (const index of ["CreateIndex", "ModifyIndex"]) reader.integer(index, "uint64");
  const problem = reader.problem();
  if (problem !== null) return fail(serverError("decodeFailed", problem));
  const delay = lockDelayNanos(lockDelay);
  if (!delay.ok) return fail(serverError("decodeFailed", delay.error));
  const { Name, Node, Behavior, TTL, NodeChecks, ServiceChecks, Checks } = request;
  const legacy = Checks === undefined ? {} : { Checks };
  return ok({ Name, Node, LockDelay: delay.value, Behavior, TTL, NodeChecks, ServiceChecks, ...legacy });
}

/** A node that is null is none (Consul), one without a name is another. */
function givenNode(reader: StructReader): string | null {
  const name = reader.string("Node");
  return reader.isNull("Node") ? null : name;
}

/** Consul ignores what it does not know here, unlike elsewhere. */
function onlyKnown(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => fields.some((name) => same(key, name))));
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** An empty Checks takes away NodeChecks, too; one that says just "serfHealth" is not shown. */
function tiedChecks(
  checks: readonly string[],
  nodeChecks: readonly string[] | null,
): Pick<SessionRequest, "Checks" | "NodeChecks"> {
  if (checks.length === 0) return { NodeChecks: [] };
  if (checks.length === 1 && checks[0] === serfHealthCheckId) return { NodeChecks: nodeChecks };
  return { NodeChecks: nodeChecks, Checks: checks };
}

function readServiceChecks(reader: StructReader): readonly ServiceCheck[] | null {
  const checks = reader.objectList(
    "ServiceChecks",
    "ServiceCheck",
    ["[]structs.ServiceCheck", "structs.ServiceCheck"],
    (inner) => {
      const known = inner.lenient();
      return { ID: known.string("ID"), Namespace: known.string("Namespace") };
    },
  );
  return reader.isNull("ServiceChecks") ? null : checks;
}

function lockDelayNanos(given: unknown): Result<number, string> {
  if (given === undefined || given === null) return ok(lockDelayNanosDefault);
  let nanos = 0;
  if (typeof given === "string") {
    const parsed = parseGoDuration(given);
    if (!parsed.ok) return parsed;
    nanos = Math.round(parsed.value * 1e6);
  } else if (typeof given === "number") nanos = Math.trunc(given);
  // "0s" stays none.
  return ok(nanos < secondsBelow && nanos !== 0 ? nanos * 1e9 : nanos);
}
