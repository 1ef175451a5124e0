import { describe, expect, it } from "vitest";
import { reapCritical } from "../../../agent/checks/reap.ts";
import { expiredOutput } from "../../../shared/structs/check.ts";
import { contentHash } from "../../../shared/base/content-hash.ts";
import { compare } from "../../../agent/local/diff.ts";
import { localNode } from "../../../agent/local/node.ts";
import { same } from "../../../agent/local/same.ts";
import { createLocalState } from "../../../agent/local/state.ts";
import { backoffMillis } from "../../../agent/rpc/backoff.ts";
import { aConfig } from "../rpc/virtual-world.ts";

describe("small rules of the agent", () => {
  it("takes null, nothing and an empty map or list for the same", () => {
    expect(same({ Meta: null, Tags: [] }, { Meta: {} })).toBe(true);
    expect(same({ Tags: ["a", "b"] }, { Tags: ["b", "a"] })).toBe(false);
    expect(same({ Port: 0 }, {})).toBe(false);
  });

  it("hashes text to sixteen digits as FNV-1a does", () => {
    expect(contentHash("")).toBe("cbf29ce484222325");
    expect(contentHash("a")).toBe("af63dc4c8601ec8c");
  });

  it("finds a node that the catalog does not know out of sync", () => {
    const agreed = compare(createLocalState(), localNode(aConfig()), { node: null, checks: [] }, true);
    expect(agreed).toMatchObject({ nodeInSync: false, strayServices: [], strayChecks: [] });
  });

  it("waits between half and all of a doubling step, at most thirty seconds", () => {
    expect([backoffMillis(1, 0), backoffMillis(1, 0.999)]).toEqual([125, 250]);
    expect(backoffMillis(40, 0.999)).toBeLessThanOrEqual(30_000);
  });

  it("quotes the last output of an expired check", () => {
    expect(expiredOutput("")).toBe("TTL expired");
    expect(expiredOutput("x")).toBe("TTL expired (last output before timeout follows): x");
  });

  it("reaps nothing when nothing is critical", () => {
    expect(reapCritical([], new Map([["gone", 1]]), 2)).toEqual({ since: new Map(), services: new Map() });
  });
});
