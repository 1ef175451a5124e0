// Everything in a server that waits for a time, in one visible table, and the raft driver's deadline beside it: both
// share the runtime's one wake. With the table empty nothing but raft keeps the server awake; an alarm lets it sleep,
// even lose its memory, and wakes it again.

import { assert } from "../../shared/base/assert.ts";
import type { Millis } from "../../shared/base/brand.ts";
import type { Clock, Wake } from "./ports.ts";

type Entry = {
  readonly at: Millis;
  readonly order: number;
  readonly urgency: "timer" | "alarm";
  body: (() => void) | null;
};

export type Deadlines = {
  /** Runs `body` once at or after `delayMillis` from now; the returned function takes it back. */
  after(delayMillis: Millis, body: () => void): () => void;
  /** Runs `body` once at or after `at`, which may find this server asleep: it is woken for it. */
  alarm(at: Millis, body: () => void): () => void;
  /** What the raft driver gets as its Wake. */
  readonly driverWake: Wake;
  /** The runtime woke us: runs what is due. True when the raft driver should be woken as well. */
  due(): boolean;
  readonly size: number;
  /** Those that keep this server awake. */
  readonly timers: number;
};

/** An empty table over the runtime's wake. */
export function createDeadlines(wake: Wake, clock: Clock): Deadlines {
  const heap: Entry[] = [];
  const alarms = new Set<Entry>(); // a handful: one for each duty of a leader
  let live = 0;
  let order = 0;
  let driverAt: Millis | null = null;
  let driverUrgency: "timer" | "alarm" = "alarm";
  /** What the runtime was last told; setting an alarm costs a row, so equal news is not repeated. */
  let armed = "";

  function arm(): void {
    dropCancelled();
    const first = heap[0]?.at ?? null;
    const ours = first !== null && (driverAt === null || first < driverAt);
    const at = ours ? first : driverAt;
    // A timer that waits keeps the server awake anyway: then an alarm before it needs no row of its own.
    const mayDoze = ours && live === alarms.size && driverUrgency === "alarm";
    const urgency = ours ? (mayDoze ? "alarm" : "timer") : driverUrgency;
    const alarmBy = earliestAlarm();
    const news = at === null ? "" : `${at} ${urgency} ${alarmBy}`;
    if (news === armed) return;
    armed = news;
    if (alarmBy === null || urgency === "alarm") wake.at(at, urgency);
    else wake.at(at, urgency, alarmBy);
  }

  function earliestAlarm(): Millis | null {
    let earliest: Millis | null = null;
    for (const entry of alarms) if (earliest === null || entry.at < earliest) earliest = entry.at;
    return earliest;
  }

  function add(at: Millis, urgency: "timer" | "alarm", body: () => void): () => void {
    const entry: Entry = { at, order: order++, urgency, body };
    push(heap, entry);
    live += 1;
    if (urgency === "alarm") alarms.add(entry);
    arm();
    return () => {
      if (entry.body === null) return;
      entry.body = null;
      live -= 1;
      alarms.delete(entry);
      arm();
    };
  }

  function dropCancelled(): void {
    while (heap[0] !== undefined && heap[0].body === null) pop(heap);
  }

  return {
    after: (delayMillis, body) => add(clock.now() + Math.max(0, delayMillis), "timer", body),
    alarm: (at, body) => add(at, "alarm", body),
    driverWake: {
      at(deadline, urgency) {
        driverAt = deadline;
        driverUrgency = urgency;
        arm();
      },
    },
    due() {
      const now = clock.now();
      armed = "spent";
      let fired = 0;
      for (dropCancelled(); heap[0] !== undefined && heap[0].at <= now; dropCancelled()) {
        const entry = pop(heap);
        const body = entry.body;
        assert(body !== null, "a cancelled deadline is dropped before it fires");
        entry.body = null; // from here on it cannot be taken back
        live -= 1;
        alarms.delete(entry);
        fired += 1;
        body();
      }
      // An alarm set before we lost our memory is the driver's: nobody else sets one that outlives a sleep.
      const driverDue = driverAt === null ? fired === 0 : driverAt <= now;
      if (driverDue) driverAt = null;
      arm();
      return driverDue;
    },
    get size() {
      return live;
    },
    get timers() {
      return live - alarms.size;
    },
  };
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let child = heap.length;
  heap.push(entry);
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const above = heap[parent] as Entry;
    if (!before(entry, above)) break;
    heap[child] = above;
    child = parent;
  }
  heap[child] = entry;
}

function pop(heap: Entry[]): Entry {
  const first = heap[0];
  const last = heap.pop();
  assert(first !== undefined && last !== undefined, "popped from a heap that is not empty");
  if (heap.length === 0) return first;
  let parent = 0;
  for (;;) {
    let child = parent * 2 + 1;
    const right = heap[child + 1];
    if (right !== undefined && before(right, heap[child] as Entry)) child += 1;
    const below = heap[child];
    if (below === undefined || !before(below, last)) break;
    heap[parent] = below;
    parent = child;
  }
  heap[parent] = last;
  return first;
}
