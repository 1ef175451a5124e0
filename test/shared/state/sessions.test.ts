import { describe, expect, it } from "vitest";
import { check, read, service, type TestState, testState } from "../../support/state-builders.ts";

const one = "11111111-0000-0000-0000-000000000001";
const two = "22222222-0000-0000-0000-000000000002";

function world(): TestState {
  const state = testState();
  state.register("n", { Checks: [check("serfHealth"), check("live")] });
  return state;
}

const ids = (state: TestState) => read(state.sql, "Session.List", {}).value.map((session) => session.ID);
const key = (state: TestState, name: string) => read(state.sql, "KVS.Get", { key: name });

describe("creating a session", () => {
  it("shows it with Consul's fields in Consul's order", () => {
    const state = world();
    const created = state.session(one, { Name: "s", TTL: "10s", NodeChecks: ["serfHealth"] });
    expect(created.result).toEqual({ ok: true, value: one });
    expect(JSON.stringify(read(state.sql, "Session.Get", { id: one.toUpperCase() }))).toBe(
      JSON.stringify({
        index: 12,
        keys: [`session:${one}`],
        value: [
          {
            ID: one,
            Name: "s",
            Node: "n",
            LockDelay: 0,
            Behavior: "release",
            TTL: "10s",
            NodeChecks: ["serfHealth"],
            ServiceChecks: null,
            CreateIndex: 12,
            ModifyIndex: 12,
          },
        ],
      }),
    );
  });

  it("is refused without its node or its checks, or with a critical one, and then writes nothing", () => {
    const state = world();
    state.register("n", { Checks: [check("bad", { Status: "critical" })] });
    const refused = (over: Parameters<TestState["session"]>[1]) => {
      const applied = state.session(one, over);
      expect(applied.changed).toEqual([]);
      return applied.result;
    };
    const rejected = (text: string) => ({ ok: false, error: { code: "rejected", args: [text] } });
    expect(refused({ Node: "nope" })).toEqual(rejected("Missing node registration"));
    expect(refused({ NodeChecks: ["no"] })).toEqual(rejected("Missing check 'no' registration"));
    expect(refused({ NodeChecks: ["bad"] })).toEqual(rejected("Check 'bad' is in critical state"));
    expect(refused({ Checks: ["no"] })).toEqual(rejected("Missing check 'no' registration"));
    expect(refused({ ServiceChecks: [{ ID: "no", Namespace: "" }] })).toEqual(
      rejected("Missing check 'no' registration"),
    );
    expect(ids(state)).toEqual([]);
  });
});

describe("a session ends", () => {
  const endings: Readonly<Record<string, (state: TestState) => void>> = {
    "by request": (state) => state.apply({ kind: "session", operation: { verb: "destroy", id: one } }),
    "with its node": (state) => state.deregister("n"),
    "when a check of it turns critical": (state) =>
      state.register("n", { Checks: [check("live", { Status: "critical" })] }),
    "when a check of it goes": (state) => state.deregister("n", { CheckID: "live" }),
    "when a service goes with its check": (state) => state.deregister("n", { ServiceID: "web" }),
    "when its node gets another name": (state) =>
      state.register("m", { ID: "aaaaaaaa-1111-1111-1111-111111111111" }),
  };
  for (const [why, end] of Object.entries(endings)) {
    it(`${why}, and its locks with it`, () => {
      const state = testState();
      state.register("n", {
        ID: "aaaaaaaa-1111-1111-1111-111111111111",
        Service: service("web"),
        Checks: [check("live"), check("web-up", { ServiceID: "web" })],
      });
      state.session(one, { NodeChecks: ["live"], ServiceChecks: [{ ID: "web-up", Namespace: "" }] });
      state.session(two, { NodeChecks: ["live"], Behavior: "delete" });
      state.lock("acquire", "kept", one);
      end(state);
      expect(ids(state)).not.toContain(one);
      expect(key(state, "kept").value).not.toHaveProperty("Session");
    });
  }

  it("not for a check that is not its own, or only warns", () => {
    const state = world();
    state.session(one, { NodeChecks: ["live"] });
    state.register("n", { Checks: [check("serfHealth", { Status: "critical" })] });
    state.register("n", { Checks: [check("live", { Status: "warning" })] });
    state.deregister("n", { CheckID: "serfHealth" });
    expect(ids(state)).toEqual([one]);
  });

  it("and releases or deletes its keys, which shows in their index", () => {
    const state = world();
    state.session(one);
    state.session(two, { Behavior: "delete" });
    state.lock("acquire", "a/released", one);
    state.lock("acquire", "a/deleted", two);
    state.set("a/other", "eA==");
    state.apply({ kind: "session", operation: { verb: "destroy", id: one } });
    const released = key(state, "a/released");
    expect(released.index).toBe(state.index());
    expect(released.value).toMatchObject({ LockIndex: 1, Value: "eA==", ModifyIndex: state.index() });
    const ended = state.apply({ kind: "session", operation: { verb: "destroy", id: two } });
    expect(ended.changed).toEqual([`session:${two}`, "sessions:", "node-sessions:n", "kv:a/deleted"]);
    expect(key(state, "a/deleted").value).toBeNull();
    expect(read(state.sql, "KVS.List", { prefix: "a/" }).index).toBe(state.index());
    expect(state.apply({ kind: "session", operation: { verb: "destroy", id: two } }).changed).toEqual([]);
  });
});

describe("reading sessions", () => {
  it("lists them by id, and those of a node whatever the case of its name", () => {
    const state = world();
    state.register("other");
    state.session(two);
    state.session(one, { Node: "OTHER" });
    expect(ids(state)).toEqual([one, two]);
    const ofOther = read(state.sql, "Session.NodeSessions", { node: "Other" });
    expect(ofOther.value.map((session) => session.Node)).toEqual(["OTHER"]);
    expect(read(state.sql, "Session.NodeSessions", { node: "none" }).value).toEqual([]);
  });

  it("gives indexes that rise with what is read, and with nothing else while it is there", () => {
    const state = world();
    state.register("other");
    expect(read(state.sql, "Session.List", {}).index).toBe(1);
    state.session(one);
    const first = read(state.sql, "Session.Get", { id: one }).index;
    const node = read(state.sql, "Session.NodeSessions", { node: "n" }).index;
    state.session(two, { Node: "other" });
    expect(read(state.sql, "Session.Get", { id: one }).index).toBe(first);
    expect(read(state.sql, "Session.NodeSessions", { node: "n" }).index).toBe(node);
    expect(read(state.sql, "Session.List", {}).index).toBe(state.index());
    state.deregister("n");
    expect(read(state.sql, "Session.Get", { id: one }).index).toBe(state.index());
    expect(read(state.sql, "Session.List", {}).index).toBe(state.index());
    expect(read(state.sql, "Session.NodeSessions", { node: "n" }).index).toBe(state.index());
    expect(state.sql.exec("SELECT name FROM indexes WHERE name LIKE 'node-sessions%'")).toEqual([]);
  });
});
