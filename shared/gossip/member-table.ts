// The member table: records by name, and by a dense number for random choice. Pages of records are never changed in
// place, so tables that began as copies share what they have in common (the simulator has ten thousand of them).

import { nextRandom } from "../base/prng.ts";
import { assert } from "../base/assert.ts";
import type { Member, NodeName } from "./types.ts";

const pageBits = 6;
const pageMask = (1 << pageBits) - 1;

export type MemberTable = {
  /** Name to slot. Copied before its first change when it is shared. */
  slots: Map<NodeName, number>;
  isShared: boolean;
  pages: (readonly Member[])[];
};

/** A table without members. */
export function newMemberTable(): MemberTable {
  return { slots: new Map(), isShared: false, pages: [] };
}

/** A second table with the same members; both go their own ways from here. */
export function forkMemberTable(table: MemberTable): MemberTable {
  table.isShared = true;
  return { slots: table.slots, isShared: true, pages: [...table.pages] };
}

/** How many members are known, whatever their state. */
export function memberCount(table: MemberTable): number {
  return table.slots.size;
}

export function findMember(table: MemberTable, name: NodeName): Member | undefined {
  const slot = table.slots.get(name);
  return slot === undefined ? undefined : memberAt(table, slot);
}

/** The member of a slot below memberCount. */
export function memberAt(table: MemberTable, slot: number): Member {
  const member = table.pages[slot >> pageBits]?.[slot & pageMask];
  assert(member !== undefined, "a slot below the count holds a member");
  return member;
}

/** Adds the member, or replaces the one of its name. */
export function putMember(table: MemberTable, member: Member): void {
  let slot = table.slots.get(member.name);
  if (slot === undefined) {
    slot = table.slots.size;
    if (table.isShared) table.slots = new Map(table.slots);
    table.isShared = false;
    table.slots.set(member.name, slot);
  }
  const page = [...(table.pages[slot >> pageBits] ?? [])];
  page[slot & pageMask] = member;
  table.pages[slot >> pageBits] = page;
}

/** All members, in no meaningful order. */
export function* eachMember(table: MemberTable): Generator<Member> {
  for (const page of table.pages) yield* page;
}

/** Forgets every member for which `drop` is true. Returns whether there was one. Slots are numbered anew. */
export function dropMembers(table: MemberTable, drop: (member: Member) => boolean): boolean {
  const kept = [...eachMember(table)].filter((member) => !drop(member));
  if (kept.length === memberCount(table)) return false;
  table.slots = new Map(kept.map((member, slot) => [member.name, slot]));
  table.isShared = false;
  table.pages = [];
  for (let at = 0; at < kept.length; at += pageMask + 1) table.pages.push(kept.slice(at, at + pageMask + 1));
  return true;
}

/**
 * Visits all slots in random order, each once: a shuffle made while it is walked. What is added on the way stands at
 * a random place of what is left (SWIM section 4.3: new members are inserted at random positions).
 */
export type RandomWalk = { cursor: number; readonly displaced: Map<number, number> };

export function newRandomWalk(): RandomWalk {
  return { cursor: 0, displaced: new Map() };
}

/** The next slot of `count`, or null when all were visited. `random` is in [0, 1). */
export function nextSlot(walk: RandomWalk, count: number, random: number): number | null {
  const here = walk.cursor;
  if (here >= count) return null;
  const there = here + Math.floor(random * (count - here));
  const drawn = walk.displaced.get(there) ?? there;
  if (there !== here) walk.displaced.set(there, walk.displaced.get(here) ?? here);
  walk.displaced.delete(here);
  walk.cursor += 1;
  return drawn;
}

/** Up to `wanted` different members that fit, by 3n draws at most: in a pool of the unfit it may find fewer. */
export function pickMembers(
  table: MemberTable,
  wanted: number,
  seed: number,
  fits: (member: Member) => boolean,
): { readonly picked: readonly Member[]; readonly seed: number } {
  const count = memberCount(table);
  const picked: Member[] = [];
  let state = seed;
  for (let draws = 0; draws < 3 * count && picked.length < wanted; draws += 1) {
    const draw = nextRandom(state);
    state = draw.state;
    const member = memberAt(table, Math.floor(draw.value * count));
    if (!picked.includes(member) && fits(member)) picked.push(member);
  }
  return { picked, seed: state };
}
