import { encode } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { createEventBuffer } from "../../../agent/user-events/buffer.ts";
import { createUserEvents } from "../../../agent/user-events/fire.ts";
import { decodeUserEvent, encodeUserEvent } from "../../../shared/wire/user-event.ts";
import { ok } from "../../../shared/base/result.ts";
import { eventIndex, type UserEvent } from "../../../shared/structs/user-event.ts";

const id = "604da1c1-e62b-ec39-ac22-8615e840d0c6";
const plain: UserEvent = {
  id,
  name: "deploy",
  payload: null,
  nodeFilter: "",
  serviceFilter: "",
  tagFilter: "",
  version: 1,
};

function world() {
  const events = createUserEvents({
    nodeName: "node-1",
    uuid: () => id,
    services: () => [{ Service: "api", Tags: ["v1"] }],
    defer: (body) => body(),
  });
  const fire = (over: Partial<UserEvent>) => events.fire({ ...plain, ...over });
  const kept = () => events.buffer.list("").length;
  return { events, fire, kept };
}

describe("the bytes of a user event", () => {
  it("are a msgpack map that leaves out what is empty", () => {
    expect(encodeUserEvent(plain)).toEqual(encode({ ID: id, n: "deploy", v: 1 }));
    const full = {
      ...plain,
      payload: new Uint8Array([1, 2]),
      nodeFilter: "n",
      serviceFilter: "s",
      tagFilter: "t",
    };
    expect(decodeUserEvent(encodeUserEvent(full))).toEqual(full);
    expect(encodeUserEvent({ ...plain, name: "a", payload: new Uint8Array(414) }).length).toBe(468);
  });

  it("may be anything when they come from the network", () => {
    expect(decodeUserEvent(encode({ ID: id, n: "x", p: "text" }))?.payload).toEqual(
      new TextEncoder().encode("text"),
    );
    for (const bytes of [
      new Uint8Array(),
      new Uint8Array([0xc1]),
      encode([1]),
      encode({ ID: 1, n: "x" }),
      encode("x"),
    ]) {
      expect(decodeUserEvent(bytes)).toBe(null);
    }
    const whole = encodeUserEvent({ ...plain, payload: new Uint8Array(20) });
    for (let length = 0; length < whole.length; length++) {
      expect(decodeUserEvent(whole.slice(0, length))).toBe(null);
    }
  });
});

describe("the buffer", () => {
  it("keeps the last 256 in order and lists them by name", () => {
    const buffer = createEventBuffer();
    for (let n = 0; n < 300; n++) buffer.add({ ...plain, name: n % 2 === 0 ? "a" : "b", lTime: n });
    expect(buffer.list("").length).toBe(256);
    expect(buffer.list("").map((event) => event.lTime)[0]).toBe(44);
    expect(buffer.list("a").length).toBe(128);
    expect(buffer.list("c")).toEqual([]);
  });

  it("tells who waits of the next event, once", () => {
    const buffer = createEventBuffer();
    let told = 0;
    buffer.onNext(() => told++);
    buffer.onNext(() => told++)();
    buffer.add({ ...plain, lTime: 1 });
    buffer.add({ ...plain, lTime: 2 });
    expect([told, buffer.waiters]).toEqual([1, 0]);
  });

  it("has the index that Consul's clients compute from an id, unrounded", () => {
    expect(eventIndex(plain.id)).toBe("14731036697880640767");
    expect(eventIndex("")).toBe("1");
    expect(eventIndex("no uuid")).toBe("1");
  });
});

describe("firing", () => {
  it("delivers here until gossip takes over", () => {
    const { events, fire, kept } = world();
    expect(fire({ payload: new Uint8Array([1]) })).toEqual(ok({ ...plain, payload: new Uint8Array([1]) }));
    expect(events.buffer.list("deploy")).toMatchObject([{ id, lTime: 2 }]);
    const sent: string[] = [];
    events.broadcastWith((name) => {
      sent.push(name);
      return ok(undefined);
    });
    fire({ name: "later" });
    expect([sent, kept()]).toEqual([["consul:event:later"], 1]);
    events.receive("consul:event:later", encodeUserEvent({ ...plain, id: "later", name: "later" }), 9);
    events.receive("consul:new-leader", encodeUserEvent(plain), 9);
    expect(kept()).toBe(2);
  });

  it.each([
    [{ nodeFilter: "node-." }, 1],
    [{ nodeFilter: "other" }, 0],
    [{ serviceFilter: "api" }, 1],
    [{ serviceFilter: "web" }, 0],
    [{ serviceFilter: "api", tagFilter: "v1" }, 1],
    [{ serviceFilter: "api", tagFilter: "v2" }, 0],
  ])("keeps an event with %j here: %i", (over, expected) => {
    const { fire, kept } = world();
    fire(over);
    expect(kept()).toBe(expected);
  });

  it("keeps nothing whose filter cannot be read", () => {
    const { events, kept } = world();
    events.receive("consul:event:x", encodeUserEvent({ ...plain, nodeFilter: "(" }), 1);
    expect(kept()).toBe(0);
  });

  it.each([
    [{ tagFilter: "v1" }, "Cannot provide tag filter without service filter"],
    [{ nodeFilter: "(" }, "Invalid node filter: error parsing regexp: missing closing ): `(`"],
    [
      { serviceFilter: "a", tagFilter: "(" },
      "Invalid tag filter: error parsing regexp: missing closing ): `(`",
    ],
    [
      { name: "a", payload: new Uint8Array(470) },
      '1 error occurred:\n\t* error broadcasting event to segment "": user event exceeds configured limit of 512 bytes before encoding\n\n',
    ],
    [
      { name: "a", payload: new Uint8Array(415) },
      '1 error occurred:\n\t* error broadcasting event to segment "": encoded user event exceeds configured limit of 512 bytes after encoding\n\n',
    ],
  ])("refuses %j", (over, error) => expect(world().fire(over)).toEqual({ ok: false, error }));

  it("takes as much as Consul does", () => {
    const { fire } = world();
    expect(fire({ name: "a", payload: new Uint8Array(414) }).ok).toBe(true);
    expect(fire({ name: "abcdefghij", payload: new Uint8Array(396) }).ok).toBe(true);
    expect(fire({ name: "abcdefghij", payload: new Uint8Array(397) }).ok).toBe(false);
    expect(fire({ name: "a", serviceFilter: "x", tagFilter: "y", payload: new Uint8Array(404) }).ok).toBe(
      true,
    );
    expect(fire({ name: "a", serviceFilter: "x", tagFilter: "y", payload: new Uint8Array(405) }).ok).toBe(
      false,
    );
  });
});
