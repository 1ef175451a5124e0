// shared/serf/events.ts, queries.ts, own-queries.ts, internal-queries.ts, key-tally.ts, name-conflict.ts, coordinates.ts.

import { beforeEach, describe, expect, it } from "vitest";
import { bytesToBase64 } from "../../../shared/base/base64.ts";
import { announceCoordinate } from "../../../shared/serf/coordinates.ts";
import { isTooOld } from "../../../shared/serf/events.ts";
import { conflictQuery, keyQuery, pingQuery } from "../../../shared/serf/internal-queries.ts";
import { countKeyResponse, keyTallyProblem, newKeyTally } from "../../../shared/serf/key-tally.ts";
import { takeVotes } from "../../../shared/serf/name-conflict.ts";
import { defaultQueryTimeoutMillis } from "../../../shared/serf/own-queries.ts";
import { sameIp } from "../../../shared/serf/queries.ts";
import type { QueryMessage, QueryRequest, SerfEvent } from "../../../shared/serf/types.ts";
import { serfCodec } from "../../../shared/wire/serf-codec.ts";
import { createPool, type Pool } from "./pool.ts";

let pool: Pool;
const text = (value: string) => new TextEncoder().encode(value);
const key = (fill: number) => new Uint8Array(32).fill(fill);
const question: QueryRequest = {
  name: "uptime",
  payload: text("?"),
  filters: [],
  acknowledge: true,
  relayFactor: 0,
  timeoutMillis: 0,
  responsesWanted: 0,
};
const ask = (name: string, query: Partial<QueryRequest> = {}) =>
  pool.give(name, { kind: "query", token: 1, query: { ...question, ...query } });
const heard = (name: string, kind: SerfEvent["kind"]) =>
  pool.node(name).events.filter((event) => event.kind === kind);
const froms = (name: string, kind: "queryAck" | "queryResponse") =>
  heard(name, kind).map((event) => ("from" in event ? event.from : ""));

beforeEach(() => {
  pool = createPool();
  for (const name of ["a", "b", "c"]) pool.add(name, {}, { keyring: [key(1)] });
});

describe("user events", () => {
  const fire = (name: string, payload: Uint8Array | null = null) =>
    pool.give("a", { kind: "userEvent", name, payload, coalesce: true });

  it("are delivered once everywhere, to who fired them, too", () => {
    fire("deploy", text("v1"));
    for (const name of ["a", "b", "c"]) {
      expect(heard(name, "userEvent")).toEqual([
        { kind: "userEvent", time: 1, name: "deploy", payload: text("v1"), coalesce: true },
      ]);
    }
    fire("deploy", text("v1"));
    expect(heard("c", "userEvent").length).toBe(2);
  });

  it("are refused when they are larger than the limit, and then spread nowhere", () => {
    expect(fire("e", new Uint8Array(512)).refused).toBe(
      "user event exceeds configured limit of 512 bytes before encoding",
    );
    expect(fire("e", new Uint8Array(500)).refused).toBe(
      "encoded user event exceeds configured limit of 512 bytes after encoding",
    );
    expect(heard("a", "userEvent").length + heard("b", "userEvent").length).toBe(0);
    expect(fire("e", new Uint8Array(470)).refused).toBeNull();
  });

  it("of long ago are not taken again", () => {
    const event = (time: number) => ({
      kind: "user" as const,
      payload: serfCodec.encode({ kind: "userEvent", time, name: "e", payload: null, coalesce: false }),
    });
    pool.hear("a", event(1_000));
    pool.hear("a", event(400));
    expect(heard("a", "userEvent").length).toBe(1);
    pool.hear("a", event(900));
    expect(heard("a", "userEvent").length).toBe(2);
  });

  it("are too old when their slot of the ring may have been used again", () => {
    expect([isTooOld(512, 0), isTooOld(513, 0), isTooOld(513, 1), isTooOld(2_000, 1_488)]).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });

  it("of one time are bounded", () => {
    for (let at = 0; at < 100; at++) {
      const payload = serfCodec.encode({
        kind: "userEvent",
        time: 5,
        name: `e${at}`,
        payload: null,
        coalesce: false,
      });
      pool.hear("a", { kind: "user", payload });
    }
    expect(heard("a", "userEvent").length).toBe(64);
    expect(pool.node("a").state.refusedCount).toBe(36);
  });
});

describe("queries", () => {
  it("are acknowledged at once, answered once, and closed when their time is over", () => {
    ask("a");
    expect(froms("a", "queryAck").sort()).toEqual(["a", "b", "c"]);
    const asked = heard("b", "query")[0] as Extract<SerfEvent, { kind: "query" }>;
    expect(asked).toMatchObject({ name: "uptime", payload: text("?"), from: "a" });
    pool.give("b", { kind: "respond", query: asked.query, payload: text("up") });
    expect(heard("a", "queryResponse")).toEqual([
      { kind: "queryResponse", token: 1, from: "b", payload: text("up") },
    ]);
    expect(
      pool.give("b", { kind: "respond", query: asked.query, payload: text("up") }).refused,
    ).not.toBeNull();
    pool.pass(3_199);
    expect(heard("a", "queryDone")).toEqual([]);
    pool.pass(1);
    expect(heard("a", "queryDone")).toEqual([{ kind: "queryDone", token: 1 }]);
    const late = heard("c", "query")[0] as Extract<SerfEvent, { kind: "query" }>;
    expect(pool.give("c", { kind: "respond", query: late.query, payload: text("up") }).refused).toBe(
      "response is past the deadline",
    );
  });

  it("wait longer in a large pool", () => {
    expect(defaultQueryTimeoutMillis(pool.node("a").state)).toBe(3_200);
    for (let at = 0; at < 20; at++) pool.add(`n${at}`);
    expect(defaultQueryTimeoutMillis(pool.node("a").state)).toBe(6_400);
  });

  it("reach only whom the filters name; a filter that cannot be understood reaches nobody", () => {
    pool.give("c", { kind: "tags", tags: new Map([["role", "web-1"]]) });
    const reached = (filters: QueryRequest["filters"]) => {
      for (const node of pool.nodes.values()) node.events.length = 0;
      ask("a", { filters });
      return froms("a", "queryAck").sort();
    };
    expect(reached([{ kind: "nodes", nodes: ["b", "c"] }])).toEqual(["b", "c"]);
    expect(reached([{ kind: "tag", tag: "role", expression: "^web" }])).toEqual(["c"]);
    expect(reached([{ kind: "tag", tag: "none", expression: ".*" }])).toEqual(["a", "b", "c"]);
    expect(reached([{ kind: "tag", tag: "role", expression: "(" }])).toEqual([]);
    expect(
      reached([
        { kind: "nodes", nodes: ["b"] },
        { kind: "tag", tag: "role", expression: "web" },
      ]),
    ).toEqual([]);
  });

  const foreign = (change: Partial<QueryMessage>): Uint8Array =>
    serfCodec.encode({
      kind: "query",
      time: 9,
      id: 77,
      source: pool.node("b").state.config.address,
      sourceNode: "b",
      filters: [],
      flags: 1,
      relayFactor: 0,
      timeoutNanos: 1e9,
      name: "q",
      payload: null,
      ...change,
    });

  it("are taken once however often they come, and passed on unless that is forbidden", () => {
    const before = pool.node("a").spread.length;
    pool.hear("a", { kind: "user", payload: foreign({}) });
    pool.hear("a", { kind: "user", payload: foreign({}) });
    expect(heard("a", "query").length).toBe(1);
    expect(pool.node("a").spread.length).toBe(before + 1);
    pool.hear("a", { kind: "user", payload: foreign({ id: 78, flags: 2 }) });
    expect(pool.node("a").spread.length).toBe(before + 1);
  });

  it("with an empty filter reach nobody and crash nobody", () => {
    pool.hear("a", { kind: "user", payload: foreign({ filters: [new Uint8Array(0)] }) });
    expect(heard("a", "query")).toEqual([]);
  });

  it("are answered by way of others, too, when that is asked for", () => {
    pool.hear("a", { kind: "user", payload: foreign({ relayFactor: 1 }) });
    const [direct, relayed] = pool.node("a").sent;
    expect(direct?.to.ip.at(-1)).toBe(2);
    const relay = serfCodec.decode(relayed?.payload ?? new Uint8Array(0));
    expect(relay).toMatchObject({ ok: true, value: { kind: "relay", toName: "b", inner: direct?.payload } });
  });

  it("are relayed to members only", () => {
    const inner = Uint8Array.of(5, 0x80);
    const relay = (ip: number) =>
      serfCodec.encode({
        kind: "relay",
        to: { ip: Uint8Array.of(10, 0, 0, ip), port: 8301 },
        toName: "",
        inner,
      });
    pool.hear("a", { kind: "user", payload: relay(3) });
    expect(pool.node("a").sent).toEqual([
      { to: { ip: Uint8Array.of(10, 0, 0, 3), port: 8301 }, payload: inner },
    ]);
    pool.hear("a", { kind: "user", payload: relay(200) });
    expect(pool.node("a").sent.length).toBe(1);
  });

  it("are refused when they are too large", () => {
    expect(ask("a", { payload: new Uint8Array(2_000) }).refused).toBe("query exceeds limit of 1024 bytes");
    expect(heard("b", "query")).toEqual([]);
  });

  it("count one answer of each member", () => {
    ask("a");
    const query = heard("b", "query")[0] as Extract<SerfEvent, { kind: "query" }>;
    const payload = serfCodec.encode({
      kind: "queryResponse",
      ...query.query,
      from: "b",
      flags: 0,
      payload: null,
    });
    pool.hear("a", { kind: "user", payload });
    pool.hear("a", { kind: "user", payload });
    expect(froms("a", "queryResponse")).toEqual(["b"]);
  });
});

describe("serf's own queries", () => {
  const askKeys = (name: string, value: Uint8Array) => {
    for (const node of pool.nodes.values()) node.events.length = 0;
    const payload = serfCodec.encodeKeyRequest(value);
    ask("a", { name, payload, acknowledge: false, responsesWanted: 3 });
    const tally = newKeyTally(3);
    for (const event of pool.node("a").events) {
      if (event.kind === "queryResponse") countKeyResponse(tally, serfCodec, event.from, event.payload);
    }
    return tally;
  };

  it("acknowledge a ping and say nothing else", () => {
    ask("a", { name: pingQuery });
    expect(froms("a", "queryAck").length).toBe(3);
    expect([...pool.nodes.values()].flatMap((node) => node.events).some(({ kind }) => kind === "query")).toBe(
      false,
    );
    expect(froms("a", "queryResponse")).toEqual([]);
  });

  it("rotate keys everywhere, and end as soon as all have answered", () => {
    expect(keyTallyProblem(askKeys(keyQuery.install, key(2)))).toBeNull();
    expect(heard("a", "queryDone").length).toBe(1);
    expect(pool.node("c").state.keyring).toEqual([key(1), key(2)]);
    expect(keyTallyProblem(askKeys(keyQuery.use, key(2)))).toBeNull();
    expect(keyTallyProblem(askKeys(keyQuery.remove, key(1)))).toBeNull();
    const listed = askKeys(keyQuery.list, new Uint8Array(0));
    expect([...listed.keys]).toEqual([[bytesToBase64(key(2)), 3]]);
    expect([...listed.primaryKeys]).toEqual([[bytesToBase64(key(2)), 3]]);
  });

  it("tell who could not", () => {
    pool.node("c").state.keyring = [];
    const tally = askKeys(keyQuery.use, key(9));
    expect(keyTallyProblem(tally)).toBe("3/3 nodes reported failure");
    expect(Object.fromEntries(tally.messages)).toEqual({
      a: "Requested key is not in the keyring",
      b: "Requested key is not in the keyring",
      c: "No keyring to modify (encryption not enabled)",
    });
  });

  it("list as many keys as fit", () => {
    const { state } = pool.node("b");
    state.keyring = Array.from({ length: 30 }, (_, at) => key(at));
    const tally = askKeys(keyQuery.list, new Uint8Array(0));
    expect(tally.messages.get("b")).toMatch(/^truncated key list response, showing first \d+ of 30 keys$/);
    expect(tally.keys.size).toBeGreaterThan(15);
  });

  it("take a key request without a payload for an error", () => {
    ask("a", { name: keyQuery.install, payload: null, acknowledge: false });
    expect(pool.node("b").state.keyring).toEqual([key(1)]);
  });

  it("name the address they know for a name in dispute, but not their own", () => {
    ask("a", { name: conflictQuery, payload: text("b"), acknowledge: false });
    expect(froms("a", "queryResponse").sort()).toEqual(["a", "c"]);
    const [event] = heard("a", "queryResponse");
    const member = serfCodec.decodeConflictResponse((event as { payload: Uint8Array }).payload);
    expect(member).toMatchObject({ ok: true, value: { name: "b", status: "alive" } });
  });

  const claim = (existing: string) => ({
    kind: "conflict" as const,
    existing: pool.member(existing),
    other: {
      kind: "alive" as const,
      incarnation: 1,
      node: existing,
      address: { ip: Uint8Array.of(10, 9, 9, 9), port: 8301 },
      meta: new Uint8Array(0),
      versions: new Uint8Array(6),
    },
  });

  it("keep a name that the majority knows at this address", () => {
    pool.add("serf", { resolveConflicts: true });
    pool.hear("serf", claim("serf"));
    pool.pass(7_000);
    expect(pool.kinds("serf").filter((kind) => kind !== "warning")).not.toContain("nameLost");
    expect(heard("serf", "queryResponse")).toEqual([]);
  });

  it("give up a name that the majority knows elsewhere", () => {
    pool.add("serf", { resolveConflicts: true });
    for (const name of ["a", "b"]) {
      const member = { ...pool.member("serf"), address: { ip: Uint8Array.of(10, 9, 9, 9), port: 8301 } };
      pool.hear(name, { kind: "update", member });
    }
    pool.hear("serf", claim("serf"));
    pool.pass(7_000);
    expect(pool.kinds("serf")).toContain("nameLost");
  });

  it("leave other queries alone while they vote", () => {
    const { state } = pool.add("serf", { resolveConflicts: true });
    pool.hear("serf", claim("serf"));
    state.outbox.events = [{ kind: "queryDone", token: 5 }];
    takeVotes(state);
    expect(state.outbox.events).toEqual([{ kind: "queryDone", token: 5 }]);
  });

  it("only warn when Consul's rules hold", () => {
    pool.hear("a", claim("a"));
    pool.pass(7_000);
    expect(pool.kinds("a").filter((kind) => !kind.startsWith("member"))).toEqual(["warning"]);
  });
});

describe("coordinates", () => {
  it("are announced from the start, before anything was measured", () => {
    const { state, last } = pool.node("c");
    expect(pool.give("c", { kind: "started" }).gossip[0]?.kind).toBe("ackPayload");
    state.outbox.gossip = [];
    announceCoordinate(state);
    expect(state.outbox.gossip).toEqual([
      { kind: "ackPayload", payload: serfCodec.encodeAckPayload(state.coordinates.coordinate) },
    ]);
    expect(last.refused).toBeNull();
  });

  it("move with every answered ping, and ride in our own answers", () => {
    const other = { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 1e-5 };
    const before = pool.node("a").state.coordinates.coordinate;
    pool.hear("a", {
      kind: "pinged",
      member: pool.member("b"),
      roundTripMillis: 20,
      payload: serfCodec.encodeAckPayload(other),
    });
    const { state, last } = pool.node("a");
    expect(state.coordinates.coordinate).not.toEqual(before);
    expect(state.peerCoordinates.get("b")).toEqual(other);
    expect(last.gossip).toEqual([
      { kind: "ackPayload", payload: serfCodec.encodeAckPayload(state.coordinates.coordinate) },
    ]);
    pool.hear("a", {
      kind: "pinged",
      member: pool.member("b"),
      roundTripMillis: 20,
      payload: new Uint8Array(0),
    });
    expect(pool.node("a").last.gossip).toEqual([]);
  });
});

describe("addresses", () => {
  it("are the same IPv4 in both forms", () => {
    const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1);
    expect(sameIp(mapped, Uint8Array.of(10, 0, 0, 1))).toBe(true);
    expect(sameIp(mapped, Uint8Array.of(10, 0, 0, 2))).toBe(false);
    expect(sameIp(new Uint8Array(16), new Uint8Array(4))).toBe(false);
  });
});
