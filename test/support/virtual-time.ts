// Virtual time for tests of servers: one clock, any number of Wake ports on it, and the deferred turns between.

import type { Wake } from "../../worker/server/ports.ts";

type Alarm = { deadline: number | null; readonly fire: () => void };

export class VirtualTime {
  now = 1_000_000;
  readonly #alarms = new Set<Alarm>();
  #deferred: (() => void)[] = [];

  readonly clock = { now: (): number => this.now };

  readonly defer = (body: () => void): void => {
    this.#deferred.push(body);
  };

  /** A Wake port; `fire` is called once for each deadline that was reached. */
  wake(fire: () => void): { readonly port: Wake; armed(): number | null; remove(): void } {
    const alarm: Alarm = { deadline: null, fire };
    this.#alarms.add(alarm);
    return {
      port: {
        at: (deadline) => {
          alarm.deadline = deadline;
        },
      },
      armed: () => alarm.deadline,
      remove: () => void this.#alarms.delete(alarm),
    };
  }

  /** Runs deferred turns and promise reactions until nothing moves; time stands still. */
  async settle(): Promise<void> {
    let quiet = 0;
    while (quiet < 3) {
      const bodies = this.#deferred;
      this.#deferred = [];
      for (const body of bodies) body();
      await new Promise((resolve) => setImmediate(resolve));
      quiet = bodies.length === 0 && this.#deferred.length === 0 ? quiet + 1 : 0;
    }
  }

  /** Lets so much time pass, stopping at every deadline on the way. */
  async advance(millis: number): Promise<void> {
    const until = this.now + millis;
    for (;;) {
      await this.settle();
      let next: Alarm | null = null;
      for (const alarm of this.#alarms) {
        if (alarm.deadline === null || alarm.deadline > until) continue;
        if (next === null || alarm.deadline < (next.deadline ?? 0)) next = alarm;
      }
      if (next === null) break;
      this.now = Math.max(this.now, next.deadline ?? 0);
      next.deadline = null;
      next.fire();
    }
    this.now = until;
  }
}

/** Whether a promise has settled, seen without waiting for it. */
export function watch<T>(promise: Promise<T>): {
  readonly promise: Promise<T>;
  value: T | undefined;
  done: boolean;
} {
  const seen: { readonly promise: Promise<T>; value: T | undefined; done: boolean } = {
    promise,
    value: undefined,
    done: false,
  };
  void promise.then((value) => {
    seen.value = value;
    seen.done = true;
  });
  return seen;
}
