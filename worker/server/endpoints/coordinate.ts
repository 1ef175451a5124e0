// Coordinate: updates are collected by the server that gets them and written in batches; reads come from the state.

import { fail, type Result } from "../../../shared/base/result.ts";
import { isCompatible, originCoordinate } from "../../../shared/coordinate/coordinate.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import type { Endpoints } from "./endpoint.ts";
import { listOf, object, queryOptions, requestOf, text } from "./request-shape.ts";

const number = (value: unknown) => typeof value === "number";
const coordinate = object({ Vec: listOf(number), Error: number, Adjustment: number, Height: number });

type UpdateRequest = RpcRequest<"Coordinate.Update">;
const updateShape = requestOf<UpdateRequest>({
  datacenter: text,
  token: text,
  node: text,
  segment: text,
  coordinate,
});

function checkUpdate(request: unknown): Result<UpdateRequest, ServerError> {
  const shaped = updateShape(request);
  if (!shaped.ok || isCompatible(shaped.value.coordinate)) return shaped;
  return fail(serverError("rejected", "incompatible coordinate"));
}

type BatchRequest = RpcRequest<"Coordinate.BatchUpdate">;
const batchShape = requestOf<BatchRequest>({
  token: text,
  updates: listOf(object({ Node: text, Segment: text, Coord: coordinate })),
});

function checkBatch(request: unknown): Result<BatchRequest, ServerError> {
  const shaped = batchShape(request);
  if (!shaped.ok || shaped.value.updates.every(({ Coord }) => isCompatible(Coord))) return shaped;
  return fail(serverError("rejected", "incompatible coordinate"));
}

export const coordinateEndpoints = {
  "Coordinate.Update": {
    kind: "local",
    check: checkUpdate,
    datacenter: (request) => request.datacenter,
    run: (context, { node, segment, coordinate: Coord }) => {
      context.collectCoordinate({ Node: node, Segment: segment, Coord });
      return true;
    },
  },
  "Coordinate.BatchUpdate": {
    kind: "write",
    check: checkBatch,
    datacenter: () => "",
    command: ({ updates }) => ({ kind: "coordinates", updates }),
  },
  // The servers of one datacenter measure nothing over the WAN yet: they stand at the origin, as Consul's do at first.
  "Coordinate.ListDatacenters": {
    kind: "local",
    run({ config, directory }) {
      const known = directory.servers().flatMap(({ name, state }) => (state === "alive" ? [name] : []));
      const names: readonly string[] = known.length > 0 ? known : config.servers;
      const Coordinates = names.map((Node) => ({ Node, Segment: "", Coord: originCoordinate }));
      return [{ Datacenter: config.datacenter, AreaID: "wan", Coordinates }];
    },
  },
  "Coordinate.ListNodes": { kind: "read", check: requestOf({ options: queryOptions }) },
  "Coordinate.Node": { kind: "read", check: requestOf({ options: queryOptions, node: text }) },
} satisfies Partial<Endpoints>;
