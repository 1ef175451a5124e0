// /v1/event: fire user events and list those that this agent got. Answered by the agent alone; the Worker has none.

import { parseUint64 } from "../../../shared/base/go-number.ts";
import { bytesToBase64 } from "../../../shared/base/base64.ts";
import type { Millis } from "../../../shared/base/brand.ts";
import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { parseBlocking } from "../../../shared/api/params.ts";
import { errorReply, jsonReply, textReply } from "../../../shared/api/reply.ts";
import { serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import { eventIndex, type ReceivedEvent } from "../../user-events/buffer.ts";
import type { UserEvent } from "../../user-events/payload.ts";
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
  return jsonReply(request, context, shown(fired.value, 0));
}

async function list(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const blocking = parseBlocking(request, context);
  if (!blocking.ok) return errorReply(blocking.error);
  const name = request.query("name") ?? "";
  const known = parseUint64(request.query("index") ?? "");
  if (known.ok && known.value !== "0") {
    const until = Math.min(blocking.value.waitMillis, limits.blockingQueryWaitMillisMax);
    await changeOf(
      request,
      context,
      () => eventIndex(context.events.buffer.list(name)) !== known.value,
      until,
    );
  }
  const events = context.events.buffer.list(name);
  const reply = jsonReply(
    request,
    context,
    events.map((event) => shown(event, event.lTime)),
  );
  return { ...reply, headers: { ...reply.headers, "X-Consul-Index": eventIndex(events) } };
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

function shown(event: UserEvent | ReceivedEvent, lTime: number) {
  return {
    ID: event.id,
    Name: event.name,
    Payload: event.payload === null ? null : bytesToBase64(event.payload),
    NodeFilter: event.nodeFilter,
    ServiceFilter: event.serviceFilter,
    TagFilter: event.tagFilter,
    Version: event.version,
    LTime: lTime,
  };
}
