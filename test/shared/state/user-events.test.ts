import { expect, it } from "vitest";
import { applyCommand, encodeCommand } from "../../../shared/fsm/apply.ts";
import { eventsSince, lastEventTime, listUserEvents } from "../../../shared/state/user-events.ts";
import type { EventRow } from "../../../shared/structs/user-event.ts";
import { createUserEventDelivery } from "../../../worker/server/user-events.ts";
import { testState } from "../../support/state-builders.ts";

const row = (ID: string, Name: string): EventRow => ({
  ...{ ID, Name, Payload: null, NodeFilter: "", ServiceFilter: "", TagFilter: "", Version: 1, LTime: 0 },
});

function fire(state: ReturnType<typeof testState>, index: number, event: EventRow, at: number) {
  return applyCommand(state.sql, index, encodeCommand({ kind: "userEvent", event }, at));
}

it("keeps an event once under the next time, and changes what watchers of its name depend on", () => {
  const state = testState();
  expect(fire(state, 20, row("a", "deploy"), 1_000)).toEqual({
    result: { ok: true, value: { id: "a", lTime: 1 } },
    changed: ["events:", "event:deploy"],
  });
  expect(fire(state, 21, row("a", "deploy"), 2_000)).toMatchObject({
    result: { value: { id: "a", lTime: 1 } },
    changed: [],
  });
  fire(state, 22, row("b", "other"), 3_000);
  expect(lastEventTime(state.sql)).toBe(2);
  expect(listUserEvents(state.sql, "deploy")).toMatchObject({ index: 20, keys: ["event:deploy"] });
  expect(listUserEvents(state.sql, "").value.map(({ ID, LTime }) => [ID, LTime])).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
  expect(eventsSince(state.sql, 0, 2_500).map(({ ID }) => ID)).toEqual(["b"]);
});

it("tells agents of what is applied from now on, unless it is old by then", () => {
  const state = testState();
  fire(state, 20, row("before", "x"), 1_000);
  const told: string[] = [];
  const delivery = createUserEventDelivery(
    state.sql,
    () => 100_000,
    ({ ID }) => void told.push(ID),
  );
  delivery.applied(["kv:a"]);
  delivery.applied(fire(state, 21, row("old", "x"), 30_000).changed);
  delivery.applied(fire(state, 22, row("new", "x"), 99_000).changed);
  delivery.applied(["*"]);
  expect(told).toEqual(["new"]);
});
