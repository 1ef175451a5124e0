// The checker: sooner or later every running member sees every running member, and nobody else.

import { eachMember } from "../../../shared/gossip/member-table.ts";
import { indexOfName, type SimulatedPool } from "./simulation.ts";

/** Null when all agree, else the first difference. */
export function disagreement(pool: SimulatedPool): string | null {
  const up = pool.nodes.filter(({ isUp, state }) => isUp && !state.leaving).length;
  for (const [observer, { isUp, state }] of pool.nodes.entries()) {
    if (!isUp || state.leaving) continue;
    let seen = 0;
    for (const member of eachMember(state.members)) {
      if (member.state !== "alive" && member.state !== "suspect") continue;
      const other = pool.nodes[indexOfName(member.name)];
      if (other?.isUp !== true || other.state.leaving) return `${observer} believes that ${member.name} runs`;
      if (member.state === "alive") seen += 1;
    }
    if (seen < up) return `${observer} sees ${seen} of ${up}`;
  }
  return null;
}

/** Runs until all agree; how long that took. Throws with the difference when it takes longer than it may. */
export function runUntilAgreed(pool: SimulatedPool, millisMax: number): number {
  const start = pool.now;
  let left: string | null = disagreement(pool);
  if (left !== null)
    pool.run(millisMax, () => {
      left = disagreement(pool);
      return left === null;
    });
  if (left !== null) throw new Error(`seed ${pool.options.seed}: after ${millisMax} ms ${left}`);
  return pool.now - start;
}
