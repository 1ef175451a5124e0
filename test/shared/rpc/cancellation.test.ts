import { describe, expect, it } from "vitest";
import { createCanceller } from "../../../shared/rpc/cancellation.ts";

describe("a canceller", () => {
  it("tells everybody once, and at once who asks late", () => {
    const told: string[] = [];
    const { cancellation, cancel } = createCanceller();
    cancellation.onAbort(() => told.push("early"));
    expect(cancellation.aborted).toBe(false);
    cancel();
    cancel();
    cancellation.onAbort(() => told.push("late"));
    expect([cancellation.aborted, told]).toEqual([true, ["early", "late"]]);
  });
});
