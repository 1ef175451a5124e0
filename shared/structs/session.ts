// A session: who may hold locks, tied to a node, to checks, and to a TTL (Consul: "Sessions and Distributed Locks").

import { parseGoDuration } from "../base/millis.ts";
import type { Millis } from "../base/brand.ts";
import { fail, ok, type Result } from "../base/result.ts";

export type ServiceCheck = { readonly ID: string; readonly Namespace: string };

export type Session = {
  ID: string;
  Name: string;
  /** As its creator wrote it. */
  Node: string;
  /** Nanoseconds; negative and 0: none. */
  LockDelay: number;
  /** What becomes of the keys that it holds when it ends. */
  Behavior: "release" | "delete";
  /** A Go duration, "" for a session that does not expire. */
  TTL: string;
  NodeChecks: readonly string[] | null;
  ServiceChecks: readonly ServiceCheck[] | null;
  /** The older form of NodeChecks, shown only when it says something else than "serfHealth". */
  Checks?: readonly string[];
  CreateIndex: number;
  ModifyIndex: number;
};

/** What a client asks for; the id is the leader's to make. */
export type SessionRequest = Omit<Session, "ID" | "Behavior" | "CreateIndex" | "ModifyIndex"> & {
  /** Checked by the leader. */
  readonly Behavior: string;
};

export type SessionOperation =
  | { readonly verb: "create"; readonly session: SessionRequest }
  | { readonly verb: "destroy"; readonly id: string };

/** Every check that the session depends on, each once. */
export function checksOfSession(
  session: Pick<Session, "Checks" | "NodeChecks" | "ServiceChecks">,
): readonly string[] {
  const services = (session.ServiceChecks ?? []).map((check) => check.ID);
  // A check without a name is none (Consul), but for those of services.
  const named = [...(session.Checks ?? []), ...(session.NodeChecks ?? [])].filter((id) => id !== "");
  return [...new Set([...named, ...services])];
}

/** How long a session lives without being renewed; null when it does not expire. */
export function sessionTtlMillis(session: Pick<Session, "TTL">): Millis | null {
  if (session.TTL === "") return null;
  const parsed = parseGoDuration(session.TTL);
  return parsed.ok && parsed.value > 0 ? parsed.value : null;
}

/** The canonical form of a session's id; the error is Consul's, which counts the dashes but not where they are. */
export function parseSessionId(text: string): Result<string, string> {
  const lookup = (problem: string) => fail(`failed session lookup: index error: ${problem}`);
  if (new TextEncoder().encode(text).length !== 36) return lookup("UUID must be 36 characters");
  const dashes = text.split("-").length - 1;
  if (dashes > 4) return lookup(`UUID should have maximum of 4 "-"; got ${dashes}`);
  const digits = text.replaceAll("-", "").toLowerCase();
  const wrong = /[^0-9a-f]/u.exec(digits)?.[0];
  if (wrong !== undefined) {
    const point = (wrong.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return lookup(`Invalid UUID: encoding/hex: invalid byte: U+${point} '${wrong}'`);
  }
  if (digits.length % 2 !== 0) return lookup("Invalid UUID: encoding/hex: odd length hex string");
  return ok(
    [
      digits.slice(0, 8),
      digits.slice(8, 12),
      digits.slice(12, 16),
      digits.slice(16, 20),
      digits.slice(20),
    ].join("-"),
  );
}
