// A lock is held by one: from the answer that gave it until its holder gave it back, or must fear for its session (a TTL
// after the sending of the last renewal that was answered). Meanwhile nobody else is given the lock, a consistent read
// shows the holder, and every new holder's fencing token is above all earlier ones.

export type Hold = {
  /** True while the holder may rely on the lock. */
  isSure(now: number): boolean;
  /** A renewal that was sent at `sentAt` was answered. */
  renewed(sentAt: number): void;
  /** The holder asked for an end of it: from now on it is not sure. */
  ending(): void;
};

export type LockChecker = {
  /** `until` is Infinity for a session that does not expire. */
  acquired(key: string, session: string, fence: number, until: number, now: number, ttl: number): Hold;
  /** A read that began and ended while the holder was sure of its lock. */
  read(key: string, session: string, shown: string | undefined): void;
  counts(): { readonly holds: number };
  /** A recovery: who holds what is not sure any more, and tokens of lost entries may come again. */
  recovered(): void;
};

type Known = { readonly session: string; fence: number; until: number };

export function lockHeldByOne(): LockChecker {
  const holders = new Map<string, Known>();
  const fences = new Map<string, number>();
  let holds = 0;
  return {
    counts: () => ({ holds }),
    recovered() {
      for (const known of holders.values()) known.until = Number.NEGATIVE_INFINITY;
      holders.clear();
      fences.clear();
    },
    acquired(key, session, fence, until, now, ttl) {
      const other = holders.get(key);
      if (other !== undefined && other.session !== session && now < other.until) {
        throw new Error(
          `${session} gets the lock of ${key}, which ${other.session} holds until ${other.until}`,
        );
      }
      const highest = fences.get(key) ?? 0;
      if (fence <= highest) throw new Error(`the lock of ${key} has token ${fence} after ${highest}`);
      fences.set(key, fence);
      holds += 1;
      const known: Known = { session, fence, until };
      holders.set(key, known);
      return {
        isSure: (at) => at < known.until,
        renewed(sentAt) {
          if (known.until !== Number.NEGATIVE_INFINITY) known.until = Math.max(known.until, sentAt + ttl);
        },
        ending() {
          known.until = Number.NEGATIVE_INFINITY;
        },
      };
    },
    read(key, session, shown) {
      if (shown !== session)
        throw new Error(`${session} holds ${key}, but a read shows ${shown ?? "nobody"}`);
    },
  };
}
