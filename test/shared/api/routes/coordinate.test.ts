import { describe, expect, it } from "vitest";
import { coordinateRoutes } from "../../../../shared/api/routes/coordinate.ts";
import { parseCoordinateUpdate } from "../../../../shared/structs/parse-coordinate.ts";

describe("/v1/coordinate", () => {
  it("is decoded with Go's texts, in any case of the names", () => {
    const parsed = parseCoordinateUpdate({ node: "a", coord: { vec: [1, 2], height: 0.5 } });
    expect(parsed).toEqual({
      ok: true,
      value: {
        Datacenter: "",
        Node: "a",
        Segment: "",
        Coord: { Vec: [1, 2], Error: 0, Adjustment: 0, Height: 0.5 },
      },
    });
    const text = (value: unknown) => {
      const result = parseCoordinateUpdate(value);
      return result.ok ? "" : result.error;
    };
    expect(text({ Node: 1 })).toBe(
      "json: cannot unmarshal number into Go struct field CoordinateUpdateRequest.Node of type string",
    );
    expect(text({ Coord: { Vec: ["x"] } })).toBe(
      "json: cannot unmarshal string into Go struct field Coordinate.Coord.Vec of type float64",
    );
    expect(text({ Bad: 1 })).toBe('json: unknown field "Bad"');
  });

  it("has the four routes of Consul", () => {
    expect(coordinateRoutes.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/coordinate/datacenters",
      "GET /v1/coordinate/nodes",
      "GET /v1/coordinate/node/:node",
      "PUT /v1/coordinate/update",
    ]);
  });
});
