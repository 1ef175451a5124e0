// The broadcast queue: what is to be spread by riding on packets, each a limited number of times. First goes what was
// sent least, of that the largest that fits, of those the newest. A newer message about a member replaces the older.

import type { NodeName, PacketMessage } from "./types.ts";

export type Broadcast = {
  readonly message: PacketMessage;
  readonly size: number;
  readonly order: number;
  /** Whom it is about; null for user messages, which never replace each other. */
  readonly about: NodeName | null;
  readonly token: number | null;
  sent: number;
};

export type BroadcastQueue = {
  /** By how often its messages were sent; each is sorted by size, largest first, then newest first. */
  readonly tiers: Broadcast[][];
  readonly byMember: Map<NodeName, Broadcast>;
  count: number;
  order: number;
};

export function newBroadcastQueue(): BroadcastQueue {
  return { tiers: [], byMember: new Map(), count: 0, order: 0 };
}

/** Where a message of this size and order stands in a tier, or would. */
function placeOf(tier: readonly Broadcast[], size: number, order: number): number {
  let low = 0;
  let high = tier.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = tier[middle];
    if (other === undefined) break;
    if (other.size > size || (other.size === size && other.order > order)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(queue: BroadcastQueue, broadcast: Broadcast): void {
  while (queue.tiers.length <= broadcast.sent) queue.tiers.push([]);
  const tier = queue.tiers[broadcast.sent];
  tier?.splice(placeOf(tier, broadcast.size, broadcast.order), 0, broadcast);
}

function remove(queue: BroadcastQueue, broadcast: Broadcast): void {
  const tier = queue.tiers[broadcast.sent];
  if (tier === undefined) return;
  const place = placeOf(tier, broadcast.size, broadcast.order);
  if (tier[place] === broadcast) tier.splice(place, 1);
}

function forget(queue: BroadcastQueue, broadcast: Broadcast, finished: number[]): void {
  queue.count -= 1;
  if (broadcast.about !== null) queue.byMember.delete(broadcast.about);
  if (broadcast.token !== null) finished.push(broadcast.token);
}

/** Queues a message; the tokens of what it replaced or pushed out over `countMax` are added to `finished`. */
export function enqueue(
  queue: BroadcastQueue,
  broadcast: Pick<Broadcast, "message" | "size" | "about" | "token">,
  countMax: number,
  finished: number[],
): void {
  const older = broadcast.about === null ? undefined : queue.byMember.get(broadcast.about);
  if (older !== undefined) {
    remove(queue, older);
    forget(queue, older, finished);
  }
  while (queue.count >= countMax) {
    const worn = queue.tiers.findLast((tier) => tier.length > 0)?.pop();
    if (worn === undefined) break;
    forget(queue, worn, finished);
  }
  queue.order += 1;
  const queued = { ...broadcast, order: queue.order, sent: 0 };
  insert(queue, queued);
  if (queued.about !== null) queue.byMember.set(queued.about, queued);
  queue.count += 1;
}

/**
 * Takes messages for one packet that has `budget` bytes and `partsMax` places left; each costs `partOverhead` more.
 * What was sent `sendLimit` times leaves the queue, its token is added to `finished`.
 */
export function takeBroadcasts(
  queue: BroadcastQueue,
  budget: number,
  partOverhead: number,
  partsMax: number,
  sendLimit: number,
  finished: number[],
): readonly Broadcast[] {
  if (queue.count === 0) return [];
  const taken: Broadcast[] = [];
  let left = budget;
  for (const tier of queue.tiers) {
    let place = 0;
    while (taken.length < partsMax) {
      place = Math.max(place, placeOf(tier, left - partOverhead, Number.POSITIVE_INFINITY));
      const [broadcast] = tier.splice(place, 1);
      if (broadcast === undefined) break;
      taken.push(broadcast);
      left -= broadcast.size + partOverhead;
    }
  }
  for (const broadcast of taken) {
    broadcast.sent += 1;
    if (broadcast.sent >= sendLimit) forget(queue, broadcast, finished);
    else insert(queue, broadcast);
  }
  return taken;
}
