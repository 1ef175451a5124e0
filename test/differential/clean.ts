// Empties an agent through its API between two scenarios, so that each starts from the same state on both programs.

import { exchange } from "./exchange.ts";
import type { Program } from "./program.ts";
import { del, get, put } from "./steps.ts";

const kinds = [
  "ingress-gateway",
  "terminating-gateway",
  "service-router",
  "service-splitter",
  "service-resolver",
  "service-defaults",
  "proxy-defaults",
];

/** Sessions, keys, queries, configuration entries, services, checks and other nodes are removed. */
export async function clean(program: Program): Promise<void> {
  const none = new Map<string, string>();
  const list = async (path: string): Promise<unknown> => {
    const { status, body } = await exchange(program, get(path), none);
    return status === "200" ? (JSON.parse(body) as unknown) : [];
  };
  const send = (step: ReturnType<typeof put>) => exchange(program, step, none);
  const field = (row: unknown, name: string) => String((row as Record<string, unknown>)[name]);
  for (const row of rows(await list("/v1/session/list")))
    await send(put(`/v1/session/destroy/${field(row, "ID")}`));
  // One by one: of a deleted tree Consul and we remember different tombstones (docs/divergence.md).
  for (const key of rows(await list("/v1/kv/?keys")))
    await send(del(`/v1/kv/${encodeURIComponent(String(key))}`));
  for (const row of rows(await list("/v1/query"))) await send(del(`/v1/query/${field(row, "ID")}`));
  for (const kind of kinds) {
    for (const row of rows(await list(`/v1/config/${kind}`)))
      await send(del(`/v1/config/${kind}/${encodeURIComponent(field(row, "Name"))}`));
  }
  for (const id of Object.keys((await list("/v1/agent/services")) as object))
    await send(put(`/v1/agent/service/deregister/${encodeURIComponent(id)}`));
  for (const id of Object.keys((await list("/v1/agent/checks")) as object))
    await send(put(`/v1/agent/check/deregister/${encodeURIComponent(id)}`));
  for (const row of rows(await list("/v1/catalog/nodes"))) {
    const node = field(row, "Node");
    if (node !== "dev") await send(put("/v1/catalog/deregister", { Node: node }));
  }
  await send(put("/v1/agent/maintenance?enable=false"));
}

function rows(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? (list as unknown[]) : [];
}
