import { describe, expect, it } from "vitest";
import { observeHealth, type Observation, quorumOf } from "../../../shared/autopilot/health.ts";
import { defaultAutopilot, presentHealth, presentState } from "../../../shared/structs/autopilot.ts";
import { aKnownServer } from "../../support/known-servers.ts";

const stats = (lastContactMillis = 50, lastIndex = 1_000, lastTerm = 2) => ({
  lastContactMillis,
  lastTerm,
  lastIndex,
});

function seen(change: Partial<Observation> = {}): Observation {
  const ids = ["a", "b", "c"];
  return {
    now: 10_000,
    leader: "a",
    lastTerm: 2,
    lastIndex: 1_000,
    group: ids.map((id) => ({ id, address: "127.0.0.1:8300", voter: true })),
    known: ids.map((id) => aKnownServer(id)),
    stats: new Map(ids.map((id) => [id, stats()])),
    settings: defaultAutopilot,
    ...change,
  };
}

describe("the health of the servers", () => {
  it("is good when all keep up, and says how many may fail", () => {
    const health = observeHealth(seen(), null);
    expect(health).toMatchObject({ healthy: true, failureTolerance: 1 });
    expect(health.servers.map(({ id, leader, voter }) => [id, leader, voter])).toEqual([
      ["a", true, true],
      ["b", false, true],
      ["c", false, true],
    ]);
    expect([1, 2, 3, 4, 5].map(quorumOf)).toEqual([1, 2, 2, 3, 3]);
  });

  it.each([
    ["heard the leader too long ago", stats(201)],
    ["never heard it", stats(-1)],
    ["is too many entries behind", stats(0, 749)],
    ["is in another term", stats(0, 1_000, 1)],
  ])("counts a server out that %s", (_what, bad) => {
    const health = observeHealth(
      seen({
        stats: new Map([
          ["b", stats()],
          ["c", bad],
        ]),
      }),
      null,
    );
    expect(health).toMatchObject({ healthy: false, failureTolerance: 0 });
    expect(health.servers.map(({ healthy }) => healthy)).toEqual([true, true, false]);
  });

  it("remembers since when a server is as it is", () => {
    const first = observeHealth(seen({ now: 1_000 }), null);
    const second = observeHealth(seen({ now: 3_000, stats: new Map([["b", stats()]]) }), first);
    expect(second.servers.map(({ stableSince }) => stableSince)).toEqual([1_000, 1_000, 3_000]);
    const third = observeHealth(seen({ now: 5_000, stats: new Map([["b", stats()]]) }), second);
    expect(third.servers.map(({ stableSince }) => stableSince)).toEqual([1_000, 1_000, 3_000]);
  });

  it("shows a member of the group that nobody knows as failed, and a left one not at all", () => {
    const known = [aKnownServer("a"), aKnownServer("b"), aKnownServer("d", { state: "left" })];
    const health = observeHealth(seen({ known }), null);
    expect(health.servers.map(({ id, name, state }) => [id, name, state])).toEqual([
      ["a", "a", "alive"],
      ["b", "b", "alive"],
      ["c", "(unknown)", "failed"],
    ]);
  });

  it("is shown in Consul's form", () => {
    const health = observeHealth(seen(), null);
    const shown = presentHealth(health, () => "T") as { Servers: readonly object[] };
    expect(shown.Servers[1]).toEqual({
      ...{ ID: "b", Name: "b", Address: "127.0.0.1:8300", SerfStatus: "alive", Version: "1.8.7" },
      ...{ Leader: false, LastContact: "50ms", LastTerm: 2, LastIndex: 1_000, Healthy: true, Voter: true },
      StableSince: "T",
    });
    expect(presentHealth({ healthy: false, failureTolerance: 0, servers: [] }, () => "T")).toEqual({
      Healthy: false,
      FailureTolerance: 0,
      Servers: null,
    });
    expect(presentState(health, () => "T")).toMatchObject({ Leader: "a", Voters: ["a", "b", "c"] });
  });
});
