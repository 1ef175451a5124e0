// Asks grpc.health.v1.Health/Check over HTTP/2: one unary call, whose messages are a string field and an enum field.
// What goes wrong is told as Go's gRPC tells it, because Consul's users know those texts.

import { Buffer } from "node:buffer";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import type { GrpcProbe } from "../ports.ts";
import { goErrorText } from "./network-errors.ts";

type GrpcRequest = Parameters<GrpcProbe["check"]>[0];

export const grpcProbe: GrpcProbe = { check };

/** gRPC status codes by number. */
const codes = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
] as const;

const serving = 1;
const replyBytesMax = 4_096;

function rpcError(code: (typeof codes)[number], description: string): string {
  return `rpc error: code = ${code} desc = ${description}`;
}

function check(request: GrpcRequest): Promise<string> {
  const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(request.address) ?? [];
  if (port === "") {
    const why = `dial tcp: address ${request.address}: missing port in address`;
    return Promise.resolve(unreachable(`Error while dialing ${why}`));
  }
  return new Promise((resolve) => {
    const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    const session = connect(`${request.useTls ? "https" : "http"}://${authority}`, {
      rejectUnauthorized: !request.tlsSkipVerify,
    });
    let settled = false;
    const settle = (error: string): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      session.destroy();
      resolve(error);
    };
    const timer = setTimeout(
      () => settle(rpcError("DeadlineExceeded", "context deadline exceeded")),
      request.timeoutMillis,
    );
    session.on("error", (error) => settle(sessionErrorText(error, request.useTls)));
    session.on("close", () => settle(rpcError("Unavailable", "connection closed")));
    call(session, request, settle);
  });
}

function unreachable(why: string): string {
  return rpcError("Unavailable", `connection error: desc = ${JSON.stringify(`transport: ${why}`)}`);
}

function sessionErrorText(error: Error, useTls: boolean): string {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (code.startsWith("ERR_HTTP2")) return rpcError("Unavailable", "connection closed");
  const text = goErrorText(error);
  if (!useTls || text.startsWith("dial ")) return unreachable(`Error while dialing ${text}`);
  const noTls = code.startsWith("ERR_SSL_WRONG_VERSION") || code.startsWith("ERR_SSL_PACKET_LENGTH");
  const reason = noTls ? "tls: first record does not look like a TLS handshake" : text;
  return unreachable(`authentication handshake failed: ${reason}`);
}

function call(session: ClientHttp2Session, request: GrpcRequest, settle: (error: string) => void): void {
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: "POST",
    [constants.HTTP2_HEADER_PATH]: "/grpc.health.v1.Health/Check",
    "content-type": "application/grpc",
    "user-agent": "Consul Health Check",
    te: "trailers",
    "grpc-timeout": `${Math.max(1, Math.round(request.timeoutMillis))}m`,
  });
  let status: string | undefined;
  let message = "";
  let refusal = "";
  let body = Buffer.alloc(0);
  stream.on("response", (headers) => {
    const type = String(headers["content-type"] ?? "");
    if (headers[":status"] !== 200 || !type.startsWith("application/grpc"))
      refusal = notGrpc(headers[":status"], type);
    status = headerText(headers["grpc-status"]) ?? status;
    message = headerText(headers["grpc-message"]) ?? message;
  });
  stream.on("trailers", (trailers) => {
    status = headerText(trailers["grpc-status"]) ?? status;
    message = headerText(trailers["grpc-message"]) ?? message;
  });
  stream.on("data", (chunk: Buffer) => {
    body = Buffer.concat([body, chunk]).subarray(0, replyBytesMax);
  });
  // The session knows the reason, and tells it in this turn.
  stream.on("error", () => setImmediate(() => settle(rpcError("Unavailable", "connection closed"))));
  stream.on("end", () => settle(refusal !== "" ? refusal : judge(status, message, body)));
  stream.end(frame(request.service));
}

function headerText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function notGrpc(status: number | undefined, type: string): string {
  const code = status === 404 ? "Unimplemented" : status === 401 ? "Unauthenticated" : "Unknown";
  const name = status === 404 ? "Not Found" : "";
  return rpcError(
    code,
    `${name}: HTTP status code ${status ?? 0}; transport: received the unexpected content-type ${JSON.stringify(type)}`,
  );
}

function judge(status: string | undefined, message: string, body: Buffer): string {
  const code = codes[Number(status ?? "2")] ?? "Unknown";
  if (code !== "OK") return rpcError(code, decodeMessage(message));
  return servingStatus(body) === serving ? "" : "gRPC application didn't report service healthy";
}

/** grpc-message is percent-encoded. */
function decodeMessage(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** A message with its length in front: HealthCheckRequest{1: service}. */
function frame(service: string): Buffer {
  const name = Buffer.from(service);
  const field =
    name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(field.length, 1);
  return Buffer.concat([head, field]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** HealthCheckResponse{1: status}; 0 (UNKNOWN) is left out on the wire. */
function servingStatus(body: Buffer): number {
  return body.length >= 7 && body[5] === 0x08 ? (body[6] ?? 0) : 0;
}
