import { describe, expect, it } from "vitest";
import { checkOfNode, checksOfNode, checksOfService } from "../../../shared/state/checks.ts";
import { check, read, service, testState } from "../../support/state-builders.ts";

describe("a check", () => {
  it("that becomes critical is one row written", () => {
    const state = testState();
    const one = check("c", { ServiceID: "web" });
    state.register("n1", { Service: service("web"), Checks: [one] });
    const before = state.sql.rowsWritten();
    state.register("n1", { Service: service("web"), Checks: [{ ...one, Status: "critical" }] });
    expect(state.sql.rowsWritten() - before).toBe(1);
  });

  it("is found by its node, its service, and its id in any case", () => {
    const state = testState();
    state.register("N1", { Service: service("web", { ID: "W" }), Checks: [check("A", { ServiceID: "w" })] });
    state.register("N1", { Checks: [check("b", { Definition: { TCP: "x:1" } })] });
    expect(checkOfNode(state.sql, "n1", "a")).toMatchObject({
      CheckID: "A",
      ServiceID: "w",
      ServiceName: "web",
    });
    expect(checksOfNode(state.sql, "n1").map((one) => one.CheckID)).toEqual(["A", "b"]);
    expect(checksOfService(state.sql, "n1", "W").map((one) => one.CheckID)).toEqual(["A"]);
    expect(checksOfNode(state.sql, "n1")[1]?.Definition).toEqual({ TCP: "x:1" });
  });

  it("of a node touches the health of every service on it, and a service's only that one's", () => {
    const state = testState();
    state.register("n1", { Service: service("a") });
    state.register("n1", { Service: service("b") });
    expect(state.register("n1", { Checks: [check("n")] }).changed).toEqual([
      "checks:",
      "node-checks:n1",
      "health:a",
      "health:b",
    ]);
    expect(state.register("n1", { Checks: [check("c", { ServiceID: "a" })] }).changed).not.toContain(
      "health:b",
    );
  });

  it("that moves to a service leaves the health of the others", () => {
    const state = testState();
    state.register("n1", { Service: service("a") });
    state.register("n1", { Service: service("b"), Checks: [check("c")] });
    state.register("n1", { Checks: [check("c", { ServiceID: "a" })] });
    const of = (name: string) =>
      read(state.sql, "Health.ServiceNodes", { service: name, tags: [], passingOnly: false, nodeMeta: {} });
    expect(of("b")).toMatchObject({ index: 13, value: [{ Checks: [] }] });
    expect(of("a").value[0]?.Checks).toHaveLength(1);
  });
});
