import { describe, expect, it } from "vitest";
import { errorMessage } from "../../../../shared/errors.ts";
import type { SessionRequest } from "../../../../shared/structs/session.ts";
import type { ServerConfig } from "../../../../worker/server/config.ts";
import { sessionEndpoints } from "../../../../worker/server/endpoints/session.ts";

const session: SessionRequest = {
  Name: "",
  Node: "n",
  LockDelay: 15e9,
  Behavior: "release",
  TTL: "",
  NodeChecks: null,
  ServiceChecks: null,
};
const apply = sessionEndpoints["Session.Apply"];
const request = (over: Partial<SessionRequest>) =>
  ({ token: "", datacenter: "", operation: { verb: "create", session: { ...session, ...over } } }) as const;

function refusal(over: Partial<SessionRequest>, sessionTtlMinMillis?: number): string {
  const minimum = sessionTtlMinMillis === undefined ? {} : { sessionTtlMinMillis };
  const refused = apply.refuse(request(over), { config: minimum as ServerConfig });
  return refused === null ? "" : errorMessage(refused);
}

describe("the session endpoints", () => {
  it("refuse what needs no catalog, in Consul's order and words", () => {
    expect(refusal({ Node: "", Behavior: "x" })).toBe("Must provide Node");
    expect(refusal({ Behavior: "x", TTL: "1s" })).toBe("Invalid Behavior setting 'x'");
    expect(refusal({ TTL: "x" })).toBe(`Session TTL 'x' invalid: time: invalid duration "x"`);
    const bounds = "must be between [10s=24h0m0s]";
    expect(refusal({ TTL: "9s" })).toBe(`Invalid Session TTL '9000000000', ${bounds}`);
    expect(refusal({ TTL: "-10s" })).toBe(`Invalid Session TTL '-10000000000', ${bounds}`);
    expect(refusal({ TTL: "86401s" })).toBe(`Invalid Session TTL '86401000000000', ${bounds}`);
    expect(["", "0s", "0", "10s", "24h"].map((TTL) => refusal({ TTL }))).toEqual(["", "", "", "", ""]);
  });

  it("take the shortest TTL from the server's settings", () => {
    expect(refusal({ TTL: "1s" }, 1_000)).toBe("");
    expect(refusal({ TTL: "500ms" }, 1_000)).toBe(
      "Invalid Session TTL '500000000', must be between [1s=24h0m0s]",
    );
  });

  it("give a session an id that the leader makes, and write ids in one form", () => {
    const proposal = { now: 1, uuid: () => "made" };
    expect(apply.command(request({}), "dc1", proposal)).toMatchObject({ operation: { id: "made" } });
    const id = "AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee";
    const destroy = { token: "", datacenter: "", operation: { verb: "destroy", id } } as const;
    expect(apply.command(destroy, "dc1", proposal)).toEqual({
      kind: "session",
      operation: { verb: "destroy", id: id.toLowerCase() },
    });
  });

  it("refuse ids that are none, and requests of another shape", () => {
    const options = { datacenter: "", token: "", consistency: "default", minIndex: 0, waitMillis: 0 };
    const text = "failed session lookup: index error: UUID must be 36 characters";
    for (const checked of [
      sessionEndpoints["Session.Get"].check({ options, id: "abc" }),
      apply.check({ token: "", datacenter: "", operation: { verb: "destroy", id: "abc" } }),
    ]) {
      expect(checked.ok ? "" : errorMessage(checked.error)).toBe(text);
    }
    expect(apply.check({ token: "", datacenter: "", operation: { verb: "create", session: {} } }).ok).toBe(
      false,
    );
  });
});
