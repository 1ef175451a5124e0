// Reports of agents and lost links against a catalog in memory.

import { beforeEach, describe, expect, it } from "vitest";
import type { Node } from "../../../../shared/structs/node.ts";
import { names, Scene } from "./member-scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

describe("members to catalog", () => {
  it("makes a member critical that gossip says has failed, soon, and passing when it is back", async () => {
    scene.add("a", "b", "c");
    scene.report("a", "failed", ["c"]);
    await scene.pass(2_000);
    expect(scene.writes).toEqual(["critical c"]);
    scene.report("a", "alive", ["c"]);
    await scene.pass(10);
    expect(scene.writes).toEqual(["critical c", "passing c"]);
    scene.report("b", "alive", ["a", "b", "c"]);
    await scene.pass(10_000);
    expect(scene.writes.length).toBe(2);
  });

  it("registers members that have no link, and keeps what the catalog has of their node", async () => {
    scene.report("a", "alive", ["real-consul"]);
    await scene.pass(10);
    expect(scene.writes).toEqual(["passing real-consul"]);
    expect(scene.catalog.get("real-consul")?.node).toMatchObject({
      ID: "id-real-consul",
      Address: "10.0.0.1",
    });
  });

  it("deregisters who left, unless a link says otherwise", async () => {
    scene.add("a", "b");
    scene.linked.add("b");
    scene.report("x", "left", ["a", "b", "unknown"]);
    await scene.pass(1_000);
    expect(scene.writes).toEqual(["deregister a"]);
  });

  it("does not believe one accuser against a living link, but two", async () => {
    scene.add("a", "b", "c");
    scene.linked.add("c");
    scene.report("a", "failed", ["c"]);
    await scene.pass(10_000);
    expect(scene.writes).toEqual([]);
    scene.report("b", "failed", ["c"]);
    await scene.pass(6_000);
    expect(scene.writes).toEqual(["critical c"]);
  });

  it("drops an accusation that nobody confirms", async () => {
    scene.add("a", "c");
    scene.linked.add("c");
    scene.report("a", "failed", ["c"]);
    await scene.pass(70_000);
    expect(scene.writes).toEqual([]);
    expect(scene.health.duty.next()).toBeNull();
  });

  it("notices a lone agent by its link, after a time in which it may come back", async () => {
    scene.add("lone", "back");
    scene.report("server-1", "failed", ["lone", "back"], { source: "link" });
    scene.linked.add("back");
    await scene.pass(29_000);
    expect(scene.writes).toEqual([]);
    await scene.pass(2_000);
    expect(scene.writes).toEqual(["critical lone"]);
  });

  it("keeps an agent without a link that its pool still sees, while the witness itself can be believed", async () => {
    scene.add("a", "cut", "gone");
    scene.linked.add("a");
    scene.report("a", "alive", ["cut"]);
    scene.report("dead-witness", "alive", ["gone"]);
    scene.report("server-1", "failed", ["cut", "gone"], { source: "link" });
    await scene.pass(40_000);
    expect(scene.writes).toEqual(["critical gone"]);
  });

  it("deregisters members that the pool has forgotten, critical ones too, but not who has a link", async () => {
    scene.add("a", "b", "c", "linked");
    scene.linked.add("linked");
    scene.report("a", "failed", ["c"]);
    await scene.pass(2_000);
    scene.report("a", "reaped", ["c", "linked"]);
    await scene.pass(100_000);
    expect(scene.writes).toEqual(["critical c", "deregister c"]);
  });

  it("deregisters nodes that a server's agent does not know any more", async () => {
    scene.add("a", "b", "forgotten", "linked-only");
    scene.linked.add("linked-only");
    scene.report("a", "alive", ["a", "b"], { full: true });
    await scene.pass(70_000);
    expect(scene.writes).toEqual(["deregister forgotten"]);
  });

  it("forgets everything when it leads no longer", async () => {
    scene.add("a", "c");
    scene.report("a", "failed", ["c"]);
    scene.health.duty.revoke();
    scene.report("a", "failed", ["c"]);
    expect(scene.health.duty.next()).toBeNull();
    await scene.pass(5_000);
    expect(scene.writes).toEqual([]);
  });
});

describe("a leader that gossips itself", () => {
  beforeEach(() => {
    scene = new Scene("own");
    scene.add(...names(10));
    for (const name of names(10)) scene.linked.add(name); // links look alive for a minute after a cable was cut
  });

  it("believes its own pool at once, whatever the link looks like", async () => {
    scene.report("own", "failed", ["n1"]);
    await scene.pass(1_500);
    expect(scene.writes).toEqual(["critical n1"]);
    scene.report("own", "left", ["n2"]);
    await scene.pass(10);
    expect(scene.writes).toEqual(["critical n1", "deregister n2"]);
  });

  it("believes another server when a second one, or its own pool, agrees", async () => {
    scene.report("other", "failed", ["n1", "n2"]);
    await scene.pass(2_000);
    expect(scene.writes).toEqual([]);
    scene.report("own", "failed", ["n1"]);
    scene.report("third", "failed", ["n2"]);
    await scene.pass(1_500);
    expect(scene.writes.sort()).toEqual(["critical n1", "critical n2"]);
  });

  it("does not take a server for two accusers that also hung up on an old link", async () => {
    scene.report("was-cut-off", "failed", ["n1"]);
    scene.report("id-of-was-cut-off", "failed", ["n1"], { source: "link" });
    await scene.pass(70_000);
    expect(scene.writes).toEqual([]);
  });

  it("waits for its own pool when another server alone accuses, also of one without a link", async () => {
    scene.linked.delete("n1"); // as a server
    scene.report("was-cut-off", "failed", ["n1"]);
    await scene.pass(70_000);
    expect([scene.writes, scene.health.duty.next()]).toEqual([[], null]);
  });

  it("waits while its own pool doubts itself, unless the link has ended too", async () => {
    scene.linked.delete("n2");
    scene.report("own", "failed", ["n1", "n2"], { doubts: true });
    await scene.pass(20_000);
    expect(scene.writes).toEqual(["critical n2"]);
    scene.report("own", "failed", ["n1"]);
    await scene.pass(1_500);
    expect(scene.writes).toEqual(["critical n2", "critical n1"]);
  });

  it("expires nobody when its own machine is cut off and it notices one member after the other", async () => {
    for (const name of names(10)) {
      scene.report("own", "failed", [name], { doubts: true });
      await scene.pass(15_000);
    }
    scene.linked.clear();
    await scene.pass(120_000);
    expect(scene.writes).toEqual([]);
    expect(scene.health.status()).toMatchObject({ MembersFrozen: true, VanishedCount: 10 });
  });

  it("takes what its pool says of an older life, at another address, for no word on the agent that is linked now", async () => {
    scene.add("moved");
    scene.catalog.set("moved", {
      node: { ID: "id-moved", Node: "moved", Address: "10.0.0.9" } as Node,
      status: "passing",
    });
    scene.linked.add("moved");
    scene.report("own", "left", ["moved"]);
    scene.report("own", "failed", ["moved"]);
    await scene.pass(10_000);
    expect(scene.writes).toEqual([]);
    scene.linked.delete("moved");
    scene.report("own", "left", ["moved"]);
    await scene.pass(1_000);
    expect(scene.writes).toEqual(["deregister moved"]);
  });

  it("keeps a node with a link that its pool has never seen", async () => {
    scene.report("own", "alive", names(9), { full: true });
    await scene.pass(100_000);
    expect(scene.writes).toEqual([]);
  });

  it("expires nobody when its own machine is cut off, and is not deceived by links that have not ended yet", async () => {
    scene.report("own", "failed", names(3));
    await scene.pass(2_000);
    scene.report("own", "failed", names(10).slice(3));
    await scene.pass(90_000);
    expect(scene.health.status()).toMatchObject({ MembersFrozen: true, VanishedCount: 10 });
    scene.report("own", "alive", names(10));
    await scene.pass(1_000);
    expect(scene.health.status()).toMatchObject({ MembersFrozen: false, VanishedCount: 0 });
    expect(scene.writes).toEqual([]);
  });
});

describe("somebody who was cut off itself", () => {
  it("freezes nothing by accusing everybody who has a link, when it is back", async () => {
    scene.add(...names(10));
    for (const name of names(10)) scene.linked.add(name);
    scene.report("cut-off", "failed", names(10));
    await scene.pass(70_000);
    expect([scene.writes, scene.logs]).toEqual([[], []]);
    expect(scene.health.duty.next()).toBeNull();
  });
});

describe("agents that move from one server to another", () => {
  it("have not vanished: nothing is frozen when a server hangs up on the links they left behind", async () => {
    scene.add(...names(10));
    for (const name of names(10)) scene.linked.add(name);
    scene.report("server-2", "failed", names(10), { source: "link" });
    await scene.pass(60_000);
    expect(scene.writes).toEqual([]);
    expect(scene.logs).toEqual([]);
    expect(scene.health.status()).toMatchObject({ MembersFrozen: false, VanishedCount: 0 });
  });

  it("nor have those that the server's own pool sees, while they look for another server", async () => {
    scene = new Scene("own");
    scene.add(...names(10));
    scene.report("own", "alive", names(10), { full: true });
    scene.report("server-2", "failed", names(10), { source: "link" });
    await scene.pass(100_000);
    expect([scene.writes, scene.logs]).toEqual([[], []]);
  });
});
