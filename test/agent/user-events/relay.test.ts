import { expect, it } from "vitest";
import { createUserEvents } from "../../../agent/user-events/fire.ts";
import type { EventRow } from "../../../shared/structs/user-event.ts";

function world() {
  const events = createUserEvents({
    nodeName: "n1",
    uuid: () => "604da1c1-e62b-ec39-ac22-8615e840d0c6",
    services: () => [],
    defer: (body) => body(),
  });
  const relayed: EventRow[] = [];
  events.relayWith((row) => void relayed.push(row));
  return { events, relayed };
}

const asked = { name: "deploy", payload: null, nodeFilter: "", serviceFilter: "", tagFilter: "" };

it("hands what is fired here to the servers, and takes the same event back only once", () => {
  const { events, relayed } = world();
  expect(events.fire(asked).ok).toBe(true);
  expect(relayed).toMatchObject([{ Name: "deploy", Payload: null }]);
  const [row] = relayed;
  if (row === undefined) throw new Error("nothing was relayed");
  events.receiveFromServers({ ...row, LTime: 9 });
  expect(events.buffer.list("")).toHaveLength(1);
});

it("takes events of other sites in the order in which they come, and relays none of them", () => {
  const { events, relayed } = world();
  const row: EventRow = {
    ID: "a",
    Name: "x",
    Payload: "djc=",
    NodeFilter: "",
    ServiceFilter: "",
    TagFilter: "",
    Version: 1,
    LTime: 40,
  };
  events.receiveFromServers(row);
  events.receiveFromServers({ ...row, ID: "b", NodeFilter: "^other$" });
  events.receiveFromServers({ ...row, ID: "c" });
  expect(events.buffer.list("x").map(({ id, lTime }) => `${id} ${lTime}`)).toEqual(["a 2", "c 4"]);
  expect(relayed).toEqual([]);
});
