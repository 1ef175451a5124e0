import { describe, expect, it } from "vitest";
import { ok } from "../../../../shared/base/result.ts";
import { originCoordinate } from "../../../../shared/coordinate/coordinate.ts";
import { serverError } from "../../../../shared/errors.ts";
import { MemoryCluster } from "../../../support/memory-cluster.ts";
import { watch } from "../../../support/virtual-time.ts";
import { coordinateEndpoints } from "../../../../worker/server/endpoints/coordinate.ts";

const update = { datacenter: "", token: "", node: "n", segment: "", coordinate: originCoordinate };

describe("coordinate endpoints", () => {
  it("refuse what is no coordinate of eight dimensions", () => {
    const { check } = coordinateEndpoints["Coordinate.Update"];
    expect(check(update).ok).toBe(true);
    const flat = { ...update, coordinate: { ...originCoordinate, Vec: [1, 2] } };
    expect(check(flat)).toEqual({ ok: false, error: serverError("rejected", "incompatible coordinate") });
    expect(check({ ...update, coordinate: null }).ok).toBe(false);
    const batch = coordinateEndpoints["Coordinate.BatchUpdate"].check({
      token: "",
      updates: [{ Node: "n", Segment: "", Coord: flat.coordinate }],
    });
    expect(batch.ok).toBe(false);
  });

  it("take an update at any server and show it everywhere after the period", async () => {
    const cluster = new MemoryCluster();
    await cluster.leader();
    const call = cluster.server("server-2").backend.call;
    const registration = {
      Datacenter: "",
      ID: "",
      Node: "n",
      Address: "10.0.0.1",
      TaggedAddresses: null,
      NodeMeta: null,
      Service: null,
      Checks: [],
      SkipNodeUpdate: false,
    };
    const registered = watch(call("Catalog.Register", { token: "", registration }));
    await cluster.time.advance(1_000);
    expect(registered.value).toEqual(ok(true));
    expect(await call("Coordinate.Update", { ...update, datacenter: "nope" })).toEqual({
      ok: false,
      error: serverError("noPathToDatacenter"),
    });
    expect(await call("Coordinate.Update", update)).toEqual(ok(true));
    await cluster.time.advance(6_000);
    const options = {
      datacenter: "",
      token: "",
      consistency: "stale",
      minIndex: 0,
      waitMillis: 0,
    } as const;
    const found = await cluster.server("server-3").backend.call("Coordinate.Node", { node: "n", options });
    expect(found.ok && found.value.value).toEqual([{ Node: "n", Segment: "", Coord: originCoordinate }]);
  });
});
