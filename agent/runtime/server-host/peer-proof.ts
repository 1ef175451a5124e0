// How two servers prove to each other that they know the datacenter's secret (the gossip key, or none): an HMAC over
// both nonces, both ids and the datacenter, with the side's role in it so that nothing said can be said back.
//
//   GET /v1/peer                 → { version, datacenter, id, challenge }
//   Upgrade /v1/peer  Legate-Peer: { version, datacenter, id, to, nonce, challenge, proof }   (base64url of JSON)
//                                → 101, Legate-Peer-Proof: proof of the other side
//
// A challenge is stateless: its time, and an HMAC of it under a key of this process. Each is taken once. As in Consul
// without TLS, what follows is not encrypted, and without a secret anybody who reaches the port is believed
// (docs/operations.md).

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Millis } from "../../../shared/base/brand.ts";
import { peerProtocolVersion } from "./peer-frames.ts";

/** How long a challenge may be answered. */
const challengeMillis: Millis = 10_000;
const usedMax = 10_000;

export type PeerCredentials = {
  readonly datacenter: string;
  /** This server. */
  readonly id: string;
  /** Base64 keys, the one to use first; any of them is accepted. Empty: nothing is asked. */
  secrets(): readonly string[];
};

export type PeerHello = {
  readonly version: number;
  readonly datacenter: string;
  readonly id: string;
  readonly to: string;
  readonly nonce: string;
  readonly challenge: string;
  readonly proof: string;
};

export type Refusal = { readonly status: 400 | 401 | 409; readonly reason: string };

/** The side that is dialled. */
export type PeerGate = {
  /** What GET /v1/peer answers. */
  greeting(): {
    readonly version: number;
    readonly datacenter: string;
    readonly id: string;
    readonly challenge: string;
  };
  /** Who dials, with our own proof for it; or why it is refused. */
  admit(header: string): { readonly id: string; readonly proof: string } | Refusal;
};

/** The gate of one server. `now` is the wall clock in milliseconds. */
export function createPeerGate(credentials: PeerCredentials, now: () => Millis): PeerGate {
  const key = randomBytes(32);
  /** Challenges that were answered, with the time from which they are too old anyway. */
  const used = new Map<string, Millis>();

  function challengeAt(time: Millis): string {
    const head = `${time.toString(36)}.${randomBytes(12).toString("base64url")}`;
    return `${head}.${createHmac("sha256", key).update(head).digest("base64url")}`;
  }

  function isFresh(challenge: string): boolean {
    const [time = "", random = "", mac = ""] = challenge.split(".");
    const expected = createHmac("sha256", key).update(`${time}.${random}`).digest("base64url");
    const age = now() - Number.parseInt(time, 36);
    return sameText(mac, expected) && age >= 0 && age <= challengeMillis && !used.has(challenge);
  }

  function markUsed(challenge: string): void {
    for (const [old, until] of used) {
      if (until > now() && used.size < usedMax) break;
      used.delete(old);
    }
    used.set(challenge, now() + challengeMillis);
  }

  return {
    greeting: () => ({
      version: peerProtocolVersion,
      datacenter: credentials.datacenter,
      id: credentials.id,
      challenge: challengeAt(now()),
    }),
    admit(header) {
      const hello = decodeHello(header);
      if (hello === null) return { status: 400, reason: "this is no server's greeting" };
      const mistake = mismatch(credentials, hello);
      if (mistake !== null) return mistake;
      const secrets = credentials.secrets();
      if (secrets.length === 0) {
        if (hello.proof !== "")
          return {
            status: 401,
            reason: "that server has a gossip key and this one has none: give all the same -encrypt",
          };
        return { id: hello.id, proof: "" };
      }
      if (hello.proof === "")
        return {
          status: 401,
          reason: "this server has a gossip key and that one has none: give all the same -encrypt",
        };
      if (!isFresh(hello.challenge)) return { status: 401, reason: "the challenge is not ours, old or used" };
      const secret = secrets.find((one) => sameText(hello.proof, proofOf(one, "dialler", hello)));
      if (secret === undefined) return { status: 401, reason: "that server does not know the gossip key" };
      markUsed(hello.challenge);
      return { id: hello.id, proof: proofOf(secret, "dialled", hello) };
    },
  };
}

function mismatch(credentials: PeerCredentials, hello: PeerHello): Refusal | null {
  if (hello.version !== peerProtocolVersion)
    return {
      status: 400,
      reason: `protocol ${hello.version} is not spoken here, but ${peerProtocolVersion}`,
    };
  if (hello.datacenter !== credentials.datacenter)
    return {
      status: 409,
      reason: `this is datacenter "${credentials.datacenter}", not "${hello.datacenter}"`,
    };
  if (hello.to !== credentials.id)
    return { status: 409, reason: `this is server ${credentials.id}, not ${hello.to}` };
  if (hello.id === credentials.id)
    return { status: 409, reason: "that server has the id of this one: node ids are unique" };
  return null;
}

/** The header of the side that dials, for one peer that sent `challenge`. */
export function greet(credentials: PeerCredentials, to: string, challenge: string): PeerHello {
  const hello: PeerHello = {
    version: peerProtocolVersion,
    datacenter: credentials.datacenter,
    id: credentials.id,
    to,
    nonce: randomBytes(16).toString("base64url"),
    challenge,
    proof: "",
  };
  const [secret] = credentials.secrets();
  return secret === undefined ? hello : { ...hello, proof: proofOf(secret, "dialler", hello) };
}

/** Whether the one that was dialled proved that it knows a secret of ours, too. */
export function isProven(credentials: PeerCredentials, hello: PeerHello, proof: string): boolean {
  const secrets = credentials.secrets();
  if (secrets.length === 0) return proof === "";
  return secrets.some((secret) => sameText(proof, proofOf(secret, "dialled", hello)));
}

export function encodeHello(hello: PeerHello): string {
  return Buffer.from(JSON.stringify(hello)).toString("base64url");
}

function decodeHello(header: string): PeerHello | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  const names = ["datacenter", "id", "to", "nonce", "challenge", "proof"] as const;
  if (typeof fields.version !== "number" || !names.every((name) => typeof fields[name] === "string")) {
    return null;
  }
  return fields.id === "" || String(fields.id).length > 256 ? null : (value as PeerHello);
}

/** What agents of the datacenter show at the door of /v1/link when it has a secret; says nothing about the secret. */
export function linkToken(secret: string, datacenter: string): string {
  return mac(secret, ["legate link 1", datacenter]);
}

/** Constant in time for texts of one length. */
export function sameText(left: string, right: string): boolean {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}

function proofOf(secret: string, side: "dialler" | "dialled", hello: PeerHello): string {
  const { datacenter, id, to, nonce, challenge } = hello;
  return mac(secret, ["legate peer 1", side, datacenter, id, to, nonce, challenge]);
}

function mac(secret: string, parts: readonly string[]): string {
  return createHmac("sha256", Buffer.from(secret, "base64"))
    .update(JSON.stringify(parts))
    .digest("base64url");
}
