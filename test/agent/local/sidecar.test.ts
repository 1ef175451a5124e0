// The port of a sidecar.

import { describe, expect, it } from "vitest";
import { placeSidecar } from "../../../agent/local/sidecar.ts";
import type { LocalService } from "../../../agent/local/state.ts";
import { parseServiceDefinition } from "../../../shared/structs/parse-service-definition.ts";
import { newService } from "../../../shared/structs/definition-rows.ts";

const range = { min: 21_000, max: 21_001 };

function sidecar(port = 0) {
  const parsed = parseServiceDefinition({ Name: "web", Connect: { SidecarService: { Port: port } } });
  if (!parsed.ok || parsed.value.sidecar === undefined) throw new Error("no sidecar");
  return parsed.value.sidecar;
}

function services(ports: Readonly<Record<string, number>>): ReadonlyMap<string, LocalService> {
  const entries = Object.entries(ports).map(([id, port]) => {
    const parsed = parseServiceDefinition({ Name: id, Port: port });
    if (!parsed.ok) throw new Error(parsed.error.text);
    return [id, { service: newService(parsed.value), token: "", source: "api" }] as const;
  });
  return new Map(entries);
}

function portIn(known: Readonly<Record<string, number>>, given = 0, ports = range): number | string {
  const placed = placeSidecar(sidecar(given), "web", services(known), ports);
  return placed.ok ? placed.value.port : String(placed.error.args[0]);
}

describe("the port of a sidecar", () => {
  it("is the one given, the one it has, or the lowest that is free", () => {
    expect(portIn({}, 9)).toBe(9);
    expect(portIn({})).toBe(21_000);
    expect(portIn({ other: 21_000 })).toBe(21_001);
    expect(portIn({ other: 21_000, "web-sidecar-proxy": 21_000 })).toBe(21_000);
  });

  it("is refused when there is none", () => {
    expect(portIn({ a: 21_000, b: 21_001 })).toContain("none left in the configured range [21000, 21001]");
    expect(portIn({}, 0, { min: 0, max: 0 })).toContain("auto-assignment disabled in config");
  });
});
