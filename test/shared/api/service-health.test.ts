import { expect, it } from "vitest";
import type { ApiContext, HttpRequest } from "../../../shared/api/http.ts";
import { healthById, healthByName } from "../../../shared/api/service-health.ts";
import type { HealthCheck } from "../../../shared/structs/check.ts";
import { service } from "../../support/state-builders.ts";

const context = { alwaysPretty: false } as ApiContext;
const asked = (params: Record<string, string>) =>
  ({ params, rawQuery: "", query: () => undefined, header: () => undefined }) as unknown as HttpRequest;
const check = (ServiceID: string, Status: string) =>
  ({ CheckID: "c", ServiceID, ServiceTags: [] as string[], Status }) as HealthCheck;
const services = [service("web", { ID: "web-1" }), service("web", { ID: "web-2" })];

it("is the worst of a service's own checks and its node's", () => {
  const node = {
    services,
    checks: [check("web-1", "passing"), check("web-2", "critical"), check("", "warning")],
  };
  expect(healthById(asked({ id: "web-1" }), context, node).status).toBe(429);
  expect(healthById(asked({ id: "web-2" }), context, node).status).toBe(503);
  expect(healthByName(asked({ name: "web" }), context, node)).toMatchObject({
    status: 503,
    headers: { "X-Consul-Reason": "critical" },
  });
  expect(healthById(asked({ id: "web-1" }), context, { services, checks: [] }).status).toBe(200);
  expect(healthByName(asked({ name: "api" }), context, node)).toMatchObject({ status: 404, body: "[]" });
});
