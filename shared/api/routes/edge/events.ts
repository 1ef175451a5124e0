// /v1/event at the Worker: events go to all agents by their links, and the servers keep the last ones.

import type { ApiContext, HttpReply, HttpRequest, Route } from "../../http.ts";
import { parseUint64 } from "../../../base/go-number.ts";
import { bytesToBase64 } from "../../../base/base64.ts";
import { limits } from "../../../limits.ts";
import type { QueryOptions } from "../../../structs/query.ts";
import { eventIndex } from "../../../structs/user-event.ts";
import { parseQueryOptions, requestToken } from "../../params.ts";
import { errorReply, jsonReply, textReply } from "../../reply.ts";

export const edgeEventRoutes: readonly Route[] = [
  { method: "PUT", path: "/v1/event/fire/:name", summary: "Fire a user event", handle: fire },
  { method: "GET", path: "/v1/event/list", summary: "The last user events of the datacenter", handle: list },
];

async function fire(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const name = request.params.name ?? "";
  if (name === "") return textReply(400, "Missing name");
  const body = await request.body(limits.requestBodyBytesMax, "http_config");
  if (!body.ok) return errorReply(body.error);
  const event = {
    ID: "",
    Name: name,
    Payload: body.value.length === 0 ? null : bytesToBase64(body.value),
    NodeFilter: request.query("node") ?? "",
    ServiceFilter: request.query("service") ?? "",
    TagFilter: request.query("tag") ?? "",
    Version: 1,
    LTime: 0,
  };
  const fired = await context.backend.call("Event.Fire", {
    datacenter: request.query("dc") ?? "",
    token: requestToken(request, context),
    event,
  });
  if (!fired.ok) return errorReply(fired.error);
  return jsonReply(request, context, { ...event, ID: fired.value.id });
}

/** `index` is made from the newest event's id, as at an agent; the servers wait by an index of their own. */
async function list(request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  const options = parseQueryOptions(request, context);
  if (!options.ok) return errorReply(options.error);
  const known = parseUint64(request.query("index") ?? "");
  const name = request.query("name") ?? "";
  const ask = (how: Partial<QueryOptions>) =>
    context.backend.call(
      "Event.List",
      { name, options: { ...options.value, minIndex: 0, ...how } },
      request.cancellation,
    );
  let found = await ask({ waitMillis: 0 });
  if (found.ok && known.ok && known.value !== "0" && known.value === indexOf(found.value.value)) {
    found = await ask({ minIndex: found.value.meta.index, waitMillis: options.value.waitMillis });
  }
  if (!found.ok) return errorReply(found.error);
  const reply = jsonReply(request, context, found.value.value);
  return { ...reply, headers: { ...reply.headers, "X-Consul-Index": indexOf(found.value.value) } };
}

function indexOf(events: readonly { readonly ID: string }[]): string {
  return eventIndex(events.at(-1)?.ID ?? "");
}
