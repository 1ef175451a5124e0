// The member table: copies that share, random walks that visit everybody, choices without repetition.

import { describe, expect, it } from "vitest";
import {
  dropMembers,
  eachMember,
  findMember,
  forkMemberTable,
  memberAt,
  memberCount,
  newMemberTable,
  newRandomWalk,
  nextSlot,
  pickMembers,
  putMember,
} from "../../../shared/gossip/member-table.ts";
import type { Member } from "../../../shared/gossip/types.ts";
import { at, noBytes, versions } from "./one-member.ts";

function member(name: string, incarnation = 1): Member {
  return { name, address: at(1), meta: noBytes, versions, incarnation, state: "alive", stateChangedAt: 0 };
}

function tableOf(count: number) {
  const table = newMemberTable();
  for (let i = 0; i < count; i += 1) putMember(table, member(`n${i}`));
  return table;
}

describe("the member table", () => {
  it("finds by name and by slot over many pages", () => {
    const table = tableOf(200);
    expect(memberCount(table)).toBe(200);
    expect(findMember(table, "n137")).toBe(memberAt(table, 137));
    expect(findMember(table, "nobody")).toBeUndefined();
    putMember(table, member("n137", 2));
    expect(memberAt(table, 137).incarnation).toBe(2);
    expect(memberCount(table)).toBe(200);
  });

  it("lets copies go their own ways", () => {
    const one = tableOf(100);
    const other = forkMemberTable(one);
    putMember(one, member("n5", 2));
    putMember(other, member("n6", 3));
    putMember(one, member("new"));
    expect([one, other].map((table) => findMember(table, "n5")?.incarnation)).toEqual([2, 1]);
    expect([one, other].map((table) => findMember(table, "n6")?.incarnation)).toEqual([1, 3]);
    expect([one, other].map(memberCount)).toEqual([101, 100]);
    expect(findMember(other, "new")).toBeUndefined();
  });

  it("forgets members and numbers the rest anew", () => {
    const table = tableOf(130);
    expect(dropMembers(table, () => false)).toBe(false);
    expect(dropMembers(table, ({ name }) => name.endsWith("3"))).toBe(true);
    expect(memberCount(table)).toBe(117);
    expect([...eachMember(table)].map(({ name }) => name)).not.toContain("n3");
    for (let slot = 0; slot < 117; slot += 1)
      expect(findMember(table, memberAt(table, slot).name)).toBe(memberAt(table, slot));
  });
});

describe("a random walk", () => {
  it("visits every slot once, in an order that the dice decide", () => {
    const walk = newRandomWalk();
    const order: number[] = [];
    for (let i = 0; i < 50; i += 1) order.push(nextSlot(walk, 50, ((i * 37) % 50) / 50) ?? -1);
    expect(nextSlot(walk, 50, 0)).toBeNull();
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    expect(walk.displaced.size).toBe(0);
  });

  it("includes what was added on the way", () => {
    const walk = newRandomWalk();
    const seen = [nextSlot(walk, 2, 0.9)];
    for (let i = 0; i < 3; i += 1) seen.push(nextSlot(walk, 4, 0.99));
    expect(seen.sort()).toEqual([0, 1, 2, 3]);
  });
});

describe("picking members", () => {
  it("picks different ones that fit", () => {
    const { picked } = pickMembers(tableOf(100), 3, 5, ({ name }) => name !== "n1");
    expect(new Set(picked).size).toBe(3);
  });

  it("gives up when too few fit", () => {
    expect(pickMembers(tableOf(10), 3, 5, () => false).picked).toEqual([]);
  });
});
