// Event: user events that are fired where no gossip is, or that have to go further than a site's gossip.

import type { Result } from "../../../shared/base/result.ts";
import { fail } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import {
  broadcastError,
  eventOfRow,
  eventSizeProblem,
  filterProblem,
} from "../../../shared/structs/user-event.ts";
import { encodeUserEvent, serfEventPrefix } from "../../../shared/wire/user-event.ts";
import type { Endpoints } from "./endpoint.ts";
import { base64Text, count, object, orNull, queryOptions, requestOf, text } from "./request-shape.ts";

type FireRequest = RpcRequest<"Event.Fire">;
const shape = requestOf<FireRequest>({
  datacenter: text,
  token: text,
  event: object({
    ID: (value) => typeof value === "string" && value.length <= idCharactersMax,
    Name: text,
    Payload: orNull(base64Text),
    NodeFilter: text,
    ServiceFilter: text,
    TagFilter: text,
    Version: count,
    LTime: count,
  }),
});

const idCharactersMax = 36; // a UUID

function check(request: unknown): Result<FireRequest, ServerError> {
  const shaped = shape(request);
  if (!shaped.ok) return shaped;
  const event = eventOfRow(shaped.value.event);
  const problem = filterProblem(event);
  if (problem !== null) return fail(serverError("rejected", problem));
  const withId = { ...event, id: "0".repeat(idCharactersMax) };
  const tooLarge = eventSizeProblem(`${serfEventPrefix}${event.name}`, encodeUserEvent(withId));
  return tooLarge === null ? shaped : fail(serverError("rejected", broadcastError(tooLarge)));
}

export const userEventEndpoints = {
  "Event.Fire": {
    kind: "write",
    check,
    datacenter: (request) => request.datacenter,
    command: ({ event }, _datacenter, { uuid }) => {
      const { ID, Name, Payload, NodeFilter, ServiceFilter, TagFilter, Version } = event;
      const filters = { NodeFilter, ServiceFilter, TagFilter };
      const id = ID === "" ? uuid() : ID;
      return { kind: "userEvent", event: { ID: id, Name, Payload, ...filters, Version, LTime: 0 } };
    },
  },
  "Event.List": { kind: "read", check: requestOf({ options: queryOptions, name: text }) },
} satisfies Partial<Endpoints>;
