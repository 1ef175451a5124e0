import { expect, it } from "vitest";
import { boundedSql, createRowCounter, ResultTooLarge } from "../../../shared/state/bounded-sql.ts";
import type { Sql, SqlRow } from "../../../shared/state/sql.ts";
import { createReads, type ReadRequest } from "../../../worker/server/reads.ts";
import { createAnswerCache } from "../../../worker/server/answer-cache.ts";
import { createBlockingQueries } from "../../../worker/server/blocking-queries.ts";
import { memorySql } from "../../support/memory-sql.ts";

it("gives up in the middle of a result that is too large, and reads a smaller one", () => {
  const rows: SqlRow[] = Array.from({ length: 10 }, (_, id) => ({ id, text: "x".repeat(84) }));
  let read = 0;
  const sql: Sql = {
    exec: () => rows,
    execWithin(charsMax) {
      const count = createRowCounter(charsMax);
      for (const row of rows) {
        read += 1;
        count(row);
      }
      return rows;
    },
    transaction: (body) => body(),
    savepoint: (body) => body(),
  };
  expect(() => boundedSql(sql, 450).exec("SELECT")).toThrow(ResultTooLarge);
  expect(read).toBe(5);
  expect(boundedSql(sql, 1_000).exec("SELECT")).toHaveLength(10);
  const unbounded = memorySql();
  expect(boundedSql(unbounded, 1)).toBe(unbounded);
});

it("ends blocking queries whose result grew too large, and nothing else", () => {
  const deferred: (() => void)[] = [];
  const blocking = createBlockingQueries((body) => void deferred.push(body));
  const outcomes: string[] = [];
  const first = { index: 5, keys: ["kv:a"], value: "small" };
  const read = () => {
    throw new ResultTooLarge("too large");
  };
  blocking.park({ signature: "a", read }, first, 5, (outcome) => void outcomes.push(outcome.kind));
  blocking.changed(["kv:a"]);
  for (const body of deferred.splice(0)) body();
  expect([outcomes, blocking.waiters]).toEqual([["tooLarge"], 0]);
});

it("answers with what to do instead", async () => {
  const reads = createReads({
    driver: { mayReadNow: () => true, contact: () => ({ role: "leader", leader: null }) },
    cache: createAnswerCache(),
    local: () => {
      throw new ResultTooLarge("too large");
    },
  } as unknown as Parameters<typeof createReads>[0]);
  const options = { datacenter: "", token: "", consistency: "default", minIndex: 0, waitMillis: 0 };
  const asked = {
    method: "KVS.List",
    request: { options },
    origin: "link",
    cancellation: null,
  } as ReadRequest;
  expect(await reads.read(asked)).toMatchObject({ ok: false, error: { code: "answerTooLarge" } });
});
