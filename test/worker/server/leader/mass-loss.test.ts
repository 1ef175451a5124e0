import { describe, expect, it } from "vitest";
import {
  holdMillis,
  judge,
  newMassLoss,
  noteReturned,
  noteVanished,
} from "../../../../worker/server/leader/mass-loss.ts";

const name = (at: number) => `n${at}`;

describe("mass loss", () => {
  it("freezes when more than the share vanishes within the window, and not before", () => {
    const loss = newMassLoss();
    for (let at = 0; at < 30; at++) noteVanished(loss, name(at), 1_000 + at);
    expect(judge(loss, 100, 2_000)).toBe(false);
    noteVanished(loss, name(30), 2_000);
    expect(judge(loss, 100, 2_000)).toBe(true);
    expect(loss.frozenSince).toBe(2_000);
    expect(judge(loss, 100, 3_000)).toBe(false);
  });

  it("leaves small pools and slow losses alone", () => {
    const small = newMassLoss();
    for (let at = 0; at < 2; at++) noteVanished(small, name(at), 0);
    expect(judge(small, 3, 0)).toBe(false);
    const slow = newMassLoss();
    for (let at = 0; at < 60; at++) {
      noteVanished(slow, name(at), at * 10_000);
      expect(judge(slow, 100, at * 10_000)).toBe(false);
    }
    expect(slow.vanished.size).toBeLessThan(10);
  });

  it("thaws when most are back, however long it took", () => {
    const loss = newMassLoss();
    for (let at = 0; at < 50; at++) noteVanished(loss, name(at), 0);
    judge(loss, 100, 0);
    expect(judge(loss, 100, 10_000_000)).toBe(false);
    for (let at = 0; at < 35; at++) noteReturned(loss, name(at));
    expect(judge(loss, 100, 10_000_001)).toBe(true);
    expect(loss.frozenSince).toBeNull();
  });

  it("lets each failure wait the longer the more vanish with it", () => {
    const loss = newMassLoss();
    noteVanished(loss, "a", 0);
    noteVanished(loss, "a", 5);
    expect(holdMillis(loss, 100)).toBe(1_000);
    for (let at = 0; at < 100; at++) noteVanished(loss, name(at), 0);
    expect(holdMillis(loss, 1_000)).toBe(30_000);
  });

  it("lets two of a small pool wait for a third, and two of a large one not", () => {
    const loss = newMassLoss();
    for (const node of ["a", "b"]) noteVanished(loss, node, 0);
    expect(holdMillis(loss, 6)).toBe(10_000);
    expect(holdMillis(loss, 3)).toBe(2_000); // who tells of it is the third
    expect(holdMillis(loss, 100)).toBe(2_000);
  });
});
