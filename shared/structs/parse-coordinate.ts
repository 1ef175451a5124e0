// Body of /v1/coordinate/update.

import { fail, ok, type Result } from "../base/result.ts";
import type { Coordinate, NodeCoordinate } from "./coordinate.ts";
import { StructReader } from "./struct-reader.ts";

export type CoordinateUpdate = NodeCoordinate & {
  /** Where it belongs, "" for the own one. */
  readonly Datacenter: string;
};

/** Decodes an update; the error is Go's text. Whether the coordinate is one is the server's to say. */
export function parseCoordinateUpdate(value: unknown): Result<CoordinateUpdate, string> {
  const struct = "CoordinateUpdateRequest";
  const reader = new StructReader(value, { source: "api", type: `structs.${struct}`, struct, path: "" });
  const update: CoordinateUpdate = {
    Datacenter: reader.string("Datacenter"),
    Node: reader.string("Node"),
    Segment: reader.string("Segment"),
    Coord: reader.object("Coord", "Coordinate", "coordinate.Coordinate", readCoordinate) ?? nowhere,
  };
  reader.any("EnterpriseMeta");
  reader.string("Token");
  const problem = reader.problem();
  return problem === null ? ok(update) : fail(problem);
}

/** Go's zero value, which no server takes. */
const nowhere: Coordinate = { Vec: [], Error: 0, Adjustment: 0, Height: 0 };

function readCoordinate(reader: StructReader): Coordinate {
  return {
    Vec: reader.numbers("Vec") ?? [],
    Error: reader.number("Error"),
    Adjustment: reader.number("Adjustment"),
    Height: reader.number("Height"),
  };
}
