import { expect, it } from "vitest";
import { userEventEndpoints } from "../../../../worker/server/endpoints/user-event.ts";

const event = {
  ID: "",
  Name: "x",
  Payload: null,
  NodeFilter: "",
  ServiceFilter: "",
  TagFilter: "",
  Version: 1,
  LTime: 7,
};
const { check, command } = userEventEndpoints["Event.Fire"];
const asked = (changes: object) => check({ datacenter: "", token: "", event: { ...event, ...changes } });

it("refuses what is no event, filters that cannot be read, and what gossip could not carry", () => {
  expect(asked({}).ok).toBe(true);
  for (const wrong of [{ Payload: "%" }, { Name: 1 }, { ID: "x".repeat(37) }, { LTime: -1 }]) {
    expect(asked(wrong)).toMatchObject({ ok: false, error: { code: "badRequest" } });
  }
  expect(asked({ NodeFilter: "(" })).toMatchObject({ error: { code: "rejected" } });
  expect(asked({ Payload: btoa("y".repeat(430)) })).toMatchObject({ error: { code: "rejected" } });
});

it("gives an id to an event that brings none, and no time", () => {
  const request = asked({});
  if (!request.ok) throw new Error("refused");
  const proposal = { now: 5, uuid: () => "made" };
  expect(command(request.value, "dc1", proposal)).toMatchObject({ event: { ID: "made", LTime: 0 } });
  const own = { ...request.value, event: { ...event, ID: "own" } };
  expect(command(own, "dc1", proposal)).toMatchObject({ event: { ID: "own" } });
});
