// Text of link frames at the server's end: decodes what an agent sent, trusting nothing, and packs answers.

import { limits } from "../../shared/limits.ts";
import type { LinkHello, LinkMessage } from "../../shared/rpc/frames.ts";
import { type RpcMethod, rpcKinds } from "../../shared/rpc/methods.ts";
import { count, type Field, isObject, object, text, textMap } from "./endpoints/request-shape.ts";

/** What an agent may say. */
export type AgentMessage = Extract<LinkMessage, { t: "hello" | "request" | "cancel" | "goodbye" }>;

const hello: { readonly [F in keyof LinkHello]: Field } = {
  version: count,
  node: (value) => typeof value === "string" && value !== "",
  nodeId: text,
  address: text,
  datacenter: text,
  serfPort: count,
  build: text,
  taggedAddresses: textMap,
  nodeMeta: textMap,
};

const shapes: { readonly [T in AgentMessage["t"]]: Field } = {
  hello: object(hello),
  request: object({ id: count, method: text }),
  cancel: object({ id: count }),
  goodbye: isObject,
};

/** The messages of a frame, or in a few words why it is none. Messages of newer agents that we do not know are left out. */
export function decodeAgentFrame(frame: string): readonly AgentMessage[] | string {
  if (frame.length > limits.linkFrameBytesMax) return "frame too large";
  let messages: unknown;
  try {
    messages = JSON.parse(frame);
  } catch {
    return "a frame is JSON";
  }
  if (!Array.isArray(messages)) return "a frame is an array of messages";
  const known: AgentMessage[] = [];
  for (const message of messages) {
    const tag: unknown = isObject(message) ? message.t : undefined;
    if (typeof tag !== "string") return "a message is an object with t";
    if (!Object.hasOwn(shapes, tag)) continue;
    if (!shapes[tag as AgentMessage["t"]](message)) return `wrong ${tag} message`;
    known.push(message as AgentMessage);
  }
  return known;
}

export function isMethod(name: string): name is RpcMethod {
  return Object.hasOwn(rpcKinds, name);
}

/** Longer frames are split between messages, so that one large answer does not hold up small ones. */
const frameCharactersAim = 1 << 20;

/** Message texts to as few frames as reasonable. */
export function packFrames(messages: readonly string[]): readonly string[] {
  const frames: string[] = [];
  let first = 0;
  let size = 0;
  messages.forEach((message, at) => {
    if (at > first && size + message.length > frameCharactersAim) {
      frames.push(`[${messages.slice(first, at).join(",")}]`);
      first = at;
      size = 0;
    }
    size += message.length + 1;
  });
  if (first < messages.length) frames.push(`[${messages.slice(first).join(",")}]`);
  return frames;
}
