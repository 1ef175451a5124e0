import { describe, expect, it } from "vitest";
import { type KnownRead, createPlainReads } from "../../../agent/rpc/plain-reads.ts";
import type { Settle } from "../../../agent/rpc/pending.ts";
import { ok, type Result } from "../../../shared/base/result.ts";
import { limits } from "../../../shared/limits.ts";

function world() {
  const deferred: (() => void)[] = [];
  const asked: { request: unknown; settle: Settle; known: KnownRead; takenBack: boolean }[] = [];
  const reads = createPlainReads(
    {
      request(_method, request, settle, known) {
        if (known === undefined) throw new Error("a plain read says what is known");
        const entry = { request, settle, known, takenBack: false };
        asked.push(entry);
        return () => {
          entry.takenBack = true;
        };
      },
    },
    (body) => void deferred.push(body),
  );
  const endTurn = () => {
    for (const body of deferred.splice(0)) body();
  };
  const got: Result<unknown, unknown>[] = [];
  const read = (request: unknown) =>
    reads.request("KVS.Get", request, (answer) => {
      got.push(answer);
    });
  return { reads, asked, endTurn, read, got };
}

const answerOf = (value: unknown) => ok({ meta: { index: 5 }, value });

describe("equal reads", () => {
  it("are one request while their turn lasts, and another one after it", () => {
    const s = world();
    s.read({ key: "a" });
    s.read({ key: "a" });
    s.read({ key: "b" });
    expect(s.asked.map(({ request }) => request)).toEqual([{ key: "a" }, { key: "b" }]);
    s.endTurn();
    s.read({ key: "a" });
    expect(s.asked).toHaveLength(3);
    s.asked[0]?.settle(ok("first"));
    expect(s.got).toEqual([ok("first"), ok("first")]);
  });

  it("are taken back when the last caller leaves", () => {
    const s = world();
    const [leaveFirst, leaveSecond] = [s.read({ key: "a" }), s.read({ key: "a" })];
    leaveFirst();
    expect(s.asked[0]?.takenBack).toBe(false);
    leaveSecond();
    expect(s.asked[0]?.takenBack).toBe(true);
    s.read({ key: "a" });
    expect(s.asked).toHaveLength(2);
  });
});

describe("known answers", () => {
  it("are offered by their tag, and are the answer when the server says so", () => {
    const s = world();
    const value = [{ Node: "n1" }];
    s.read({ key: "a" });
    expect(s.asked[0]?.known.have).toBeNull();
    s.asked[0]?.known.changed({ tag: "t.1", chars: 2_000, value });
    s.endTurn();
    s.read({ key: "a" });
    expect(s.asked[1]?.known.have?.tag).toBe("t.1");
    const same = s.asked[1]?.known.same({ index: 9 });
    expect(same).toEqual(ok({ meta: { index: 9 }, value }));
    expect(Object.isFrozen(value[0])).toBe(true);
    expect(s.asked[0]?.known.same({})).toMatchObject({ ok: false });
  });

  it("stay within their bound, the one that was not asked for longest goes first", () => {
    const s = world();
    const chars = limits.answerCacheEntryCharsMax;
    const count = limits.knownAnswerCharsMax / chars + 2;
    for (let at = 0; at < count; at++) {
      s.read({ key: at });
      s.asked[at]?.known.changed({ tag: `t.${at}`, chars, value: [at] });
      s.endTurn();
    }
    expect(s.reads.chars).toBe(limits.knownAnswerCharsMax);
    s.read({ key: 0 });
    s.read({ key: count - 1 });
    expect(s.asked.slice(-2).map(({ known }) => known.have?.tag)).toEqual([undefined, `t.${count - 1}`]);
    s.asked.at(-1)?.known.changed({ tag: "t.large", chars: chars + 1, value: [] });
    expect(s.reads.chars).toBe(limits.knownAnswerCharsMax - chars);
  });

  it("answers as before when the answer is small or was never named", () => {
    const s = world();
    s.read({ key: "a" });
    s.asked[0]?.settle(answerOf("small"));
    expect(s.got).toEqual([answerOf("small")]);
    expect(s.reads.chars).toBe(0);
  });
});
