import { expect, it } from "vitest";
import { maintenanceCheck, maintenanceCheckId, parseEnable } from "../../../shared/api/maintenance.ts";
import type { HttpRequest } from "../../../shared/api/http.ts";

const asked = (enable: string | undefined) => ({ query: () => enable }) as unknown as HttpRequest;

it("reads enable as Go reads a bool, and says what is wrong with it", () => {
  expect(["1", "T", "true"].map((text) => parseEnable(asked(text)))).toEqual([true, true, true]);
  expect(["0", "f", "False"].map((text) => parseEnable(asked(text)))).toEqual([false, false, false]);
  expect(parseEnable(asked(undefined))).toMatchObject({ status: 400, body: "Missing value for enable" });
  expect(parseEnable(asked("yes"))).toMatchObject({ status: 400, body: 'Invalid value for enable: "yes"' });
});

it("makes a critical check of the service or of the node, with a reason", () => {
  const service = { ID: "web-1", Service: "web", Tags: ["a"] };
  const check = maintenanceCheck("n1", maintenanceCheckId("web-1"), "upgrade", service);
  expect(check).toMatchObject({
    CheckID: "_service_maintenance:web-1",
    Status: "critical",
    Notes: "upgrade",
  });
  expect(maintenanceCheck("n1", "_node_maintenance", "", null).Notes).toMatch(/for this node, but no reason/);
});
