// /v1/event: fire user events and list those that this agent got. The Worker has its own (shared/api/routes/edge/events.ts).

import { parseUint64 } from "../../../shared/base/go-number.ts";
import type { Millis } from "../../../shared/base/brand.ts";
import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { parseBlocking } from "../../../shared/api/params.ts";
import { errorReply, jsonReply, textReply } from "../../../shared/api/reply.ts";
import { serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import { eventIndex, eventRow } from "../../../shared/structs/user-event.ts";
import type { AgentContext } from "../context.ts";

export const eventRoutes: readonly Route<AgentContext>[] = [
  { method: "PUT", path: "/v1/event/fire/:name", summary: "Fire a user event", handle: fire },
  { method: "GET", path: "/v1/event/list", summary: "The last user events of this agent", handle: list },
];

async function fire(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const name = request.params.name ?? "";
  if (name === "") return textReply(400, "Missing name");
  const datacenter = request.query("dc") ?? "";
  if (datacenter !== "" && datacenter !== context.datacenter) {
    return errorReply(serverError("noPathToDatacenter"));
  }
  const body = await request.body(limits.requestBodyBytesMax, "http_config");
  if (!body.ok) return errorReply(body.error);
  const fired = context.events.fire({
    name,
    payload: body.value.length === 0 ? null : body.value,
    nodeFilter: request.query("node") ?? "",
    serviceFilter: request.query("service") ?? "",
    tagFilter: request.query("tag") ?? "",
  });
  if (!fired.ok) return errorReply(serverError("rejected", fired.error));
  return jsonReply(request, context, eventRow(fired.value, 0));
}

async function list(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const blocking = parseBlocking(request, context);
  if (!blocking.ok) return errorReply(blocking.error);
  const name = request.query("name") ?? "";
  const known = parseUint64(request.query("index") ?? "");
  if (known.ok && known.value !== "0") {
    const until = Math.min(blocking.value.waitMillis, limits.blockingQueryWaitMillisMax);
    await changeOf(request, context, () => eventIndex(newest(context, name)) !== known.value, until);
  }
  const events = context.events.buffer.list(name);
  const reply = jsonReply(
    request,
    context,
    events.map((event) => eventRow(event, event.lTime)),
  );
  return { ...reply, headers: { ...reply.headers, "X-Consul-Index": eventIndex(events.at(-1)?.id ?? "") } };
}

function newest(context: AgentContext, name: string): string {
  return context.events.buffer.list(name).at(-1)?.id ?? "";
}

/** Waits until the condition holds, the time is over, or the caller left. */
function changeOf(
  request: HttpRequest,
  context: AgentContext,
  holds: () => boolean,
  waitMillis: Millis,
): Promise<void> {
  return new Promise((resolve) => {
    if (holds() || request.cancellation.aborted) return resolve();
    let leave = (): void => {};
    const end = (): void => {
      leave();
      stopTimer();
      resolve();
    };
    const again = (): void => {
      if (holds()) end();
      else leave = context.events.buffer.onNext(again);
    };
    const stopTimer = context.timers.after(waitMillis, end);
    leave = context.events.buffer.onNext(again);
    request.cancellation.onAbort(end);
  });
}
