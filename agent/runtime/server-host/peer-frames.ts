// Frames between two servers on port 8300: one WebSocket text message is a JSON array of PeerMessage, all that one turn
// of the sender produced. The one who dialled sends raft messages and calls; answers come back on the same socket.

import { limits } from "../../../shared/limits.ts";
import type { ServerError } from "../../../shared/errors.ts";
import { errors } from "../../../shared/errors.ts";
import type { Result } from "../../../shared/base/result.ts";
import { fail } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";

export const peerProtocolVersion = 1;

export type PeerMessage =
  /** Raft messages, checked by raft's own decoder. */
  | { readonly t: "raft"; readonly messages: readonly unknown[] }
  /** An RPC that is passed on; the answer carries the same id. */
  | { readonly t: "call"; readonly id: number; readonly method: string; readonly request: unknown }
  | { readonly t: "answer"; readonly id: number; readonly answer: Result<unknown, ServerError> };

/** The messages of a frame, or in a few words why it is none. Kinds of newer servers that we do not know are left out. */
export function decodePeerFrame(text: string): readonly PeerMessage[] | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "a frame is JSON";
  }
  if (!Array.isArray(value)) return "a frame is an array of messages";
  const messages: PeerMessage[] = [];
  for (const item of value as readonly unknown[]) {
    if (!isObject(item) || typeof item.t !== "string") return "a message is an object with t";
    if (item.t !== "raft" && item.t !== "call" && item.t !== "answer") continue;
    const message = decodeMessage(item);
    if (message === null) return `wrong ${item.t} message`;
    messages.push(message);
  }
  return messages;
}

function decodeMessage(item: Readonly<Record<string, unknown>>): PeerMessage | null {
  if (item.t === "raft") {
    return Array.isArray(item.messages) ? { t: "raft", messages: item.messages } : null;
  }
  if (!Number.isSafeInteger(item.id)) return null;
  const id = item.id as number;
  if (item.t === "call") {
    return typeof item.method === "string"
      ? { t: "call", id, method: item.method, request: item.request }
      : null;
  }
  const answer = decodeAnswer(item.answer);
  return answer === null ? null : { t: "answer", id, answer };
}

function decodeAnswer(value: unknown): Result<unknown, ServerError> | null {
  if (!isObject(value)) return null;
  if (value.ok === true) return { ok: true, value: value.value };
  const { error } = value;
  if (value.ok !== false || !isObject(error) || !Array.isArray(error.args)) return null;
  if (typeof error.code !== "string" || !error.args.every((arg) => typeof arg === "string")) return null;
  // An adjacent release may know an error that this one does not.
  if (!Object.hasOwn(errors, error.code)) return fail(serverError("internal", error.code));
  return { ok: false, error: error as unknown as ServerError };
}

/** A message as text; what does not fit a frame becomes an error that does, or null when nobody waits for it. */
export function encodePeerMessage(message: PeerMessage): string | null {
  const text = JSON.stringify(message);
  if (text.length <= limits.peerFrameBytesMax / 4) return text;
  if (Buffer.byteLength(text) <= limits.peerFrameBytesMax - 2) return text;
  if (message.t !== "answer") return null;
  const answer = fail(
    serverError("rejected", `an answer of ${text.length} characters does not fit between two servers`),
  );
  return JSON.stringify({ t: "answer", id: message.id, answer } satisfies PeerMessage);
}

/** Message texts to as few frames as fit. */
export function packPeerFrames(messages: readonly string[]): readonly string[] {
  const frames: string[] = [];
  let parts: string[] = [];
  let size = 0;
  for (const message of messages) {
    if (parts.length > 0 && size + message.length > frameCharactersAim) {
      frames.push(`[${parts.join(",")}]`);
      parts = [];
      size = 0;
    }
    parts.push(message);
    size += message.length + 1;
  }
  if (parts.length > 0) frames.push(`[${parts.join(",")}]`);
  return frames;
}

/** Longer frames are split between messages, so that a large answer does not hold up a heartbeat. */
const frameCharactersAim = 1 << 20;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
