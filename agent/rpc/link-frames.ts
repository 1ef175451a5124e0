// Text of link frames: messages to few frames of bounded size and back, and the URL of the link's door.

import type { LinkMessage } from "../../shared/rpc/frames.ts";

/** Longer frames are split between messages, so that one large write does not hold up small answers. */
const frameCharactersAim = 1 << 20;

/** As few frames as reasonable; a message is never split. */
export function encodeFrames(messages: readonly LinkMessage[]): readonly string[] {
  const frames: string[] = [];
  let parts: string[] = [];
  let size = 0;
  for (const message of messages) {
    const text = JSON.stringify(message);
    if (parts.length > 0 && size + text.length > frameCharactersAim) {
      frames.push(`[${parts.join(",")}]`);
      parts = [];
      size = 0;
    }
    parts.push(text);
    size += text.length + 1;
  }
  if (parts.length > 0) frames.push(`[${parts.join(",")}]`);
  return frames;
}

/** Null when the text is not an array of tagged messages. */
export function decodeFrame(text: string): readonly LinkMessage[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const tagged = value.every(
    (item) => typeof item === "object" && item !== null && typeof item.t === "string",
  );
  return tagged ? (value as LinkMessage[]) : null;
}

/** `https://host/base` to `wss://host/base/v1/link?node=NAME`. */
export function linkUrl(edgeUrl: string, node: string): string {
  const base = edgeUrl.replace(/\/+$/, "").replace(/^http/i, "ws");
  return `${base}/v1/link?node=${encodeURIComponent(node)}`;
}
