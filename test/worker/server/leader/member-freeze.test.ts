// Mass losses: nobody is expired when many vanish together (member-health.ts, mass-loss.ts).

import { beforeEach, describe, expect, it } from "vitest";
import { names, Scene } from "./member-scene.ts";

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

describe("a site that is cut off", () => {
  it("expires nobody, though its members are noticed one after the other, and says why", async () => {
    scene.add(...names(40), ...names(60, "other"));
    for (const name of names(40)) {
      scene.report("server-1", "failed", [name], { source: "link" });
      await scene.pass(250);
    }
    await scene.pass(600_000);
    expect(scene.writes).toEqual([]);
    expect(scene.health.status()).toMatchObject({
      Healthy: false,
      MembersFrozen: true,
      Members: 100,
      VanishedCount: 40,
      Reason: expect.stringContaining("40 of 100 members vanished"),
    });
    expect(scene.logs[0]).toContain("warn server: member expiry is frozen");
  });

  it("expires nobody either when the others' gossip accuses them", async () => {
    scene.add(...names(40), ...names(60, "other"));
    for (const [at, name] of names(40).entries()) {
      scene.report(`other${at % 7}`, "failed", [name]);
      await scene.pass(100);
    }
    await scene.pass(600_000);
    expect(scene.writes).toEqual([]);
  });

  it("expires nobody when gossip finds one of them before the others' links are given up", async () => {
    scene.add(...names(5));
    scene.linked.add("n0");
    scene.report("server-1", "failed", names(5).slice(1), { source: "link" });
    await scene.pass(2_000);
    scene.report("n0", "failed", ["n4"]);
    await scene.pass(100_000);
    expect(scene.writes).toEqual([]);
    expect(scene.health.status()).toMatchObject({ MembersFrozen: true, VanishedCount: 4 });
  });

  it("stays frozen through a sleep without memory, until most have links again", async () => {
    scene.add(...names(5));
    scene.report("server-1", "failed", names(4), { source: "link" });
    await scene.pass(10_000);
    expect(scene.health.status()).toMatchObject({ MembersFrozen: true, VanishedCount: 4 });
    scene.health.duty.revoke(); // its memory is lost; the rows stay
    scene.health.duty.establish();
    scene.report("n4", "failed", ["n0"]);
    await scene.pass(60_000);
    expect(scene.writes).toEqual([]);
    expect(scene.health.status()).toMatchObject({ MembersFrozen: true, VanishedCount: 4 });
    for (const name of names(4)) scene.linked.add(name);
    await scene.pass(10_000);
    expect(scene.health.status()).toMatchObject({ MembersFrozen: false, VanishedCount: 0 });
    scene.health.duty.establish();
    expect(scene.health.status()).toMatchObject({ MembersFrozen: false });
  });

  it("forgets who has left the catalog", async () => {
    scene.add(...names(5));
    scene.report("server-1", "failed", ["n0", "n1"], { source: "link" });
    await scene.pass(6_000);
    scene.catalog.delete("n0");
    scene.report("server-1", "failed", ["n2"], { source: "link" });
    await scene.pass(6_000);
    expect(scene.health.status()).toMatchObject({ MembersFrozen: false, VanishedCount: 2 });
  });

  it("goes on when most are back: only who stays away is expired", async () => {
    scene.add(...names(40), ...names(60, "other"));
    scene.report("server-1", "failed", names(40), { source: "link" });
    await scene.pass(60_000);
    for (const name of names(38)) scene.linked.add(name);
    await scene.pass(120_000);
    expect(scene.writes.sort()).toEqual(["critical n38", "critical n39"]);
    expect(scene.health.status()).toMatchObject({ Healthy: true, Reason: "", Since: "" });
    expect(scene.logs.at(-1)).toContain("goes on");
  });

  it("gives those who come back last ten seconds more than the others", async () => {
    scene = new Scene("s1");
    scene.add(...names(5));
    scene.report("s1", "failed", ["n0", "n1", "n2"]);
    await scene.pass(40_000);
    scene.report("s1", "failed", ["n3"]);
    await scene.pass(5_000);
    scene.report("s1", "alive", ["n0", "n1", "n2"]);
    await scene.pass(9_000);
    expect([scene.health.status().MembersFrozen, scene.writes]).toEqual([false, []]);
    scene.report("s1", "failed", ["n4"]);
    scene.report("s1", "alive", ["n3"]);
    await scene.pass(500);
    expect(scene.writes).toEqual([]);
    await scene.pass(5_000);
    expect(scene.writes).toEqual(["critical n4"]);
  });

  it("still lets single members leave", async () => {
    scene.add(...names(40), ...names(60, "other"));
    scene.report("server-1", "failed", names(40), { source: "link" });
    await scene.pass(60_000);
    scene.report("other1", "left", ["n3"]);
    await scene.pass(10_000);
    expect(scene.writes).toEqual(["deregister n3"]);
  });

  it("does not hide ordinary failures in a small pool", async () => {
    scene.add("a", "b", "c");
    scene.report("a", "failed", ["b", "c"]);
    await scene.pass(5_000);
    expect(scene.writes.sort()).toEqual(["critical b", "critical c"]);
  });
});
