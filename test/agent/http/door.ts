// An agent on virtual time, asked over HTTP as a door would.

import { createAgent, type Agent, type AgentHooks } from "../../../agent/agent.ts";
import type { RuntimeConfig } from "../../../agent/config/runtime-config.ts";
import type { DoorRequest } from "../../../shared/api/door.ts";
import type { HttpReply } from "../../../shared/api/http.ts";
import { aConfig, VirtualWorld } from "../rpc/virtual-world.ts";

export type Asked = { status: number; headers: HttpReply["headers"]; text: string; json: unknown };

export type AgentScene = {
  readonly world: VirtualWorld;
  readonly agent: Agent;
  ask(method: string, path: string, body?: unknown): Promise<Asked>;
};

/** A started agent. */
export function anAgent(
  changes: Partial<RuntimeConfig> = {},
  world = new VirtualWorld(),
  hooks: AgentHooks = {},
): AgentScene {
  const agent = createAgent(aConfig(changes), world.ports, hooks);
  agent.start();
  return {
    world,
    agent,
    async ask(method, path, body) {
      const reply = await agent.handleHttp(door(method, path, body));
      const text = typeof reply.body === "string" ? reply.body : "";
      const json =
        reply.headers["Content-Type"] === "application/json" ? (JSON.parse(text) as unknown) : null;
      return { status: reply.status, headers: reply.headers, text, json };
    },
  };
}

function door(method: string, target: string, body: unknown): DoorRequest {
  const mark = target.indexOf("?");
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    rawQuery: mark < 0 ? "" : target.slice(mark + 1),
    header: () => undefined,
    body: async () => ({ ok: true, value: new TextEncoder().encode(text) }),
    cancellation: { aborted: false, onAbort: () => {} },
  };
}
