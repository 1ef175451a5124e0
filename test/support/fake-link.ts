// An agent's link as a server sees it, for tests: keeps what was sent.

import type { LinkHello, LinkMessage } from "../../shared/rpc/frames.ts";
import type { AgentLink } from "../../worker/server/ports.ts";

export type FakeLink = AgentLink & {
  frames(): readonly string[];
  messages(): readonly LinkMessage[];
  closedWith(): string | null;
};

export function fakeLink(id: string, attached: unknown = null): FakeLink {
  const frames: string[] = [];
  let attachment = attached;
  let closed: string | null = null;
  return {
    id,
    send: (frame) => void frames.push(frame),
    close: (reason) => {
      closed ??= reason;
    },
    attachment: () => attachment,
    attach: (value) => {
      attachment = value;
    },
    lastSeen: () => 0,
    frames: () => frames,
    messages: () => frames.flatMap((frame) => JSON.parse(frame) as LinkMessage[]),
    closedWith: () => closed,
  };
}

/** What an agent of datacenter dc1 says first. */
export function helloOf(node: string): { readonly t: "hello" } & LinkHello {
  return {
    t: "hello",
    version: 1,
    node,
    nodeId: nodeIdOf(node),
    address: "10.0.0.1",
    datacenter: "dc1",
    serfPort: 8301,
    build: "0.1.0",
    taggedAddresses: { lan: "10.0.0.1" },
    nodeMeta: {},
  };
}

/** A UUID that is the same for the same node. */
export function nodeIdOf(node: string): string {
  const hex = [...node].map((unit) => unit.charCodeAt(0).toString(16)).join("");
  return `00000000-0000-4000-8000-${hex.padStart(12, "0").slice(-12)}`;
}
