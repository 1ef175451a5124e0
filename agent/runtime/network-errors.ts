// Node's network errors in the words of Go's, which Consul's check outputs carry and people search for.

import { isIPv6 } from "node:net";

const systemTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  EADDRNOTAVAIL: "cannot assign requested address",
  ECONNRESET: "connection reset by peer",
  EPIPE: "broken pipe",
  EACCES: "permission denied",
};

const certificateTexts: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "x509: certificate signed by unknown authority",
  SELF_SIGNED_CERT_IN_CHAIN: "x509: certificate signed by unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "x509: certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "x509: certificate signed by unknown authority",
  CERT_HAS_EXPIRED: "x509: certificate has expired or is not yet valid",
};

type SystemError = Error & {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
};

export function hostPort(host: string, port: number | string): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "dial tcp 127.0.0.1:1: connect: connection refused" and its kind. */
export function goErrorText(error: unknown): string {
  const first = (error instanceof AggregateError ? error.errors[0] : error) as SystemError;
  if (!(first instanceof Error)) return String(error);
  const code = first.code ?? "";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `dial tcp: lookup ${first.hostname ?? ""}: ${code === "ENOTFOUND" ? "no such host" : "Temporary failure in name resolution"}`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `x509: ${first.message}`;
  if (certificateTexts[code] !== undefined) return certificateTexts[code];
  const text = systemTexts[code];
  if (first.syscall === "connect" && first.address !== undefined)
    return `dial tcp ${hostPort(first.address, first.port ?? 0)}: connect: ${text ?? first.message}`;
  if (code === "ECONNRESET" && first.message === "socket hang up") return "EOF";
  if (text !== undefined) return `${first.syscall ?? "read"} tcp: ${text}`;
  if (code === "EPROTO" && first.message.includes("wrong version number"))
    return "http: server gave HTTP response to HTTPS client";
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) return `tls: ${first.message}`;
  if (code.startsWith("HPE_")) return `net/http: HTTP/1.x transport connection broken: ${first.message}`;
  return first.message;
}
