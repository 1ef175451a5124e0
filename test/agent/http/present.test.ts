import { expect, it } from "vitest";
import { agentServices, agentServiceWithHash } from "../../../agent/http/routes/present.ts";
import { service } from "../../support/state-builders.ts";

it("shows services sorted by id, as Go prints maps", () => {
  const local = ["web", "db"].map((name) => ({ service: service(name), token: "", source: "api" as const }));
  expect(Object.keys(agentServices(local))).toEqual(["db", "web"]);
});

it("gives a service another hash when what is shown of it changes", () => {
  const hash = (port: number) => agentServiceWithHash(service("web", { Port: port })).ContentHash;
  expect(hash(80)).toBe(hash(80));
  expect(hash(80)).not.toBe(hash(81));
});
