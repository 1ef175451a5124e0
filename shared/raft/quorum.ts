// Arithmetic of majorities on plain numbers.

export type VoteResult = "won" | "lost" | "pending";

/** How many of `count` voters are a majority. */
export function quorumSize(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** The highest value that a majority has reached, one value per voter (§5.3: the commit index). */
export function quorumValue(values: readonly number[]): number {
  const descending = [...values].sort((a, b) => b - a);
  return descending[quorumSize(values.length) - 1] ?? 0;
}

/** Where an election stands; every voter is counted at most once because `votes` is keyed by voter. */
export function voteResult<Voter>(voters: readonly Voter[], votes: ReadonlyMap<Voter, boolean>): VoteResult {
  let granted = 0;
  let refused = 0;
  for (const voter of voters) {
    const vote = votes.get(voter);
    if (vote === true) granted += 1;
    if (vote === false) refused += 1;
  }
  const needed = quorumSize(voters.length);
  if (granted >= needed) return "won";
  return voters.length - refused < needed ? "lost" : "pending";
}
