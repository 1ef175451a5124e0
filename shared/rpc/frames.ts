// Frames of the agent link (design.md §4): one WebSocket text message is a JSON array of LinkMessage, all that one
// turn of the sender produced. Keep-alive is the text "ping", answered "pong" by the runtime without waking an object.
//
//   agent → server   hello, request, cancel, goodbye
//   server → agent   welcome, reply, same, error, reset, event
//
// A server may lose its memory at any moment (eviction). When it wakes it sends "reset" on every socket it still
// has: requests in flight from before are gone, and the agent asks again what it still waits for, a blocking query
// with the index it knows. So nothing about a waiting query is ever stored, and no change is missed. A write in
// flight is not repeated blindly: the agent asks for it with `again`, and a server that does not have it in work
// answers leadershipLost ("unknown"); the write whose own frame woke the server is in work and gets its answer.

import type { ServerError } from "../errors.ts";
import type { EventRow } from "../structs/user-event.ts";
import type { RpcMethod } from "./methods.ts";

export const linkProtocolVersion = 1;
export const linkPing = "ping";
export const linkPong = "pong";

/** A large answer that an agent keeps. */
export type KnownAnswer = { readonly tag: string; readonly chars: number; readonly value: unknown };

/** Who is at the other end: becomes the member row and the node's registration. */
export type LinkHello = {
  readonly version: number;
  readonly node: string;
  readonly nodeId: string;
  readonly address: string;
  readonly datacenter: string;
  readonly serfPort: number;
  readonly build: string;
  readonly taggedAddresses: Readonly<Record<string, string>>;
  readonly nodeMeta: Readonly<Record<string, string>>;
};

export type LinkMessage =
  | ({ readonly t: "hello" } & LinkHello)
  | { readonly t: "welcome"; readonly version: number; readonly datacenter: string; readonly server: string }
  | {
      readonly t: "request";
      readonly id: number;
      readonly method: RpcMethod;
      readonly request: unknown;
      /** Sent before, and repeated after a reset: a write is looked up, never done a second time. */
      readonly again?: true;
      /** Of a read: the tag of the answer that the agent has to it, "" for none. */
      readonly have?: string;
    }
  /** `tag`: names this very answer from now on, `chars` characters long. */
  | {
      readonly t: "reply";
      readonly id: number;
      readonly value: unknown;
      readonly tag?: string;
      readonly chars?: number;
    }
  /** The answer that the agent has is the answer. */
  | { readonly t: "same"; readonly id: number; readonly meta: unknown }
  | { readonly t: "error"; readonly id: number; readonly error: ServerError }
  | { readonly t: "cancel"; readonly id: number }
  /** `hello`: say hello again, for the server slept before it had brought this agent into the catalog. */
  | { readonly t: "reset"; readonly hello?: true }
  /** A user event for this agent and its pool (shared/structs/user-event.ts). */
  | { readonly t: "event"; readonly event: EventRow }
  /** A graceful leave: the node and everything on it is deregistered. */
  | { readonly t: "goodbye" };
