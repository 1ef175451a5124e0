// Text of link frames at the server's end: decodes what an agent sent, trusting nothing, and packs answers.

import { limits } from "../../shared/limits.ts";
import type { LinkHello, LinkMessage } from "../../shared/rpc/frames.ts";
import { type RpcMethod, rpcKinds } from "../../shared/rpc/methods.ts";
import { count, type Field, isObject, object, optional, text, textMap } from "./endpoints/request-shape.ts";

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
  request: object({ id: count, method: text, have: optional(text) }),
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

/** Shorter answers travel each time: they are no larger than what names them. */
const taggedCharsMin = 1_024;

/**
 * Texts of replies. A result that did not change is one frozen object (answer-cache.ts): its text is made once, and an
 * agent that has it is told so. `nonce`: no other server, and no other life of this one, has the same.
 */
export function createReplyTexts(nonce: string): {
  reply(id: number, value: unknown, have: string | undefined): string;
} {
  const texts = new WeakMap<object, { readonly text: string; readonly tag: string }>();
  let tags = 0;

  function textOf(value: object): { readonly text: string; readonly tag: string } {
    let kept = texts.get(value);
    if (kept === undefined) {
      const encoded = JSON.stringify(value);
      kept = { text: encoded, tag: encoded.length < taggedCharsMin ? "" : `${nonce}.${++tags}` };
      texts.set(value, kept);
    }
    return kept;
  }

  return {
    reply(id, value, have) {
      const result = isObject(value) && isObject(value.meta) ? value.value : null;
      if (typeof result !== "object" || result === null || !Object.isFrozen(result)) {
        return JSON.stringify({ t: "reply", id, value } satisfies LinkMessage);
      }
      const { meta } = value as { readonly meta: unknown };
      const kept = textOf(result);
      if (have !== undefined && kept.tag !== "" && have === kept.tag) {
        return JSON.stringify({ t: "same", id, meta } satisfies LinkMessage);
      }
      const named =
        have === undefined || kept.tag === "" ? "" : `,"tag":"${kept.tag}","chars":${kept.text.length}`;
      return `{"t":"reply","id":${id},"value":{"meta":${JSON.stringify(meta)},"value":${kept.text}}${named}}`;
    },
  };
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
