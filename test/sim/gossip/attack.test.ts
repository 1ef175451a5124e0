// Short attacks on a pool of three agents in memory; test/sim/gossip/attack-main.ts runs them for as long as wanted.

import { describe, expect, it } from "vitest";
import { AttackedPool } from "./attack.ts";

describe.each([
  ["plain", false],
  ["encrypted", true],
])("an attacked pool that is %s", (_name, isEncrypted) => {
  it("is whole again after every captured packet was cut, flipped and replayed", async () => {
    const attacked = new AttackedPool(isEncrypted, 1);
    await attacked.open();
    await attacked.mutatedVectors(20, 10);
    expect(attacked.sent).toBeGreaterThan(1_000);
    expect(await attacked.recovers()).toBe(true);
  });

  it("passes on nothing that ends other agents", async () => {
    const attacked = new AttackedPool(isEncrypted, 2);
    await attacked.open();
    await attacked.crashShapes();
    expect(await attacked.recovers()).toBe(true);
  });

  it("is whole again after messages at the edges of everything", async () => {
    const attacked = new AttackedPool(isEncrypted, 3);
    await attacked.open();
    await attacked.generated(600);
    expect(await attacked.recovers()).toBe(true);
  });
});
