// The simulator's queue: what is due at a time, in order; a binary heap of three parallel arrays.

export class EventHeap {
  #at: number[] = [];
  #order: number[] = [];
  #run: (() => void)[] = [];
  #orders = 0;

  push(at: number, run: () => void): void {
    const order = this.#orders;
    this.#orders += 1;
    let place = this.#at.length;
    this.#at.push(at);
    this.#order.push(order);
    this.#run.push(run);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  /** Runs everything that is due until `end`, also what is pushed meanwhile. */
  runUntil(end: number, tick: (at: number) => void): void {
    for (;;) {
      const at = this.#at[0];
      if (at === undefined || at > end) return;
      const run = this.#pop();
      tick(at);
      run?.();
    }
  }

  #pop(): (() => void) | undefined {
    const last = this.#at.length - 1;
    this.#swap(0, last);
    this.#at.pop();
    this.#order.pop();
    const run = this.#run.pop();
    for (let parent = 0; ; ) {
      let least = parent;
      const left = 2 * parent + 1;
      if (left < last && this.#isBefore(left, least)) least = left;
      if (left + 1 < last && this.#isBefore(left + 1, least)) least = left + 1;
      if (least === parent) return run;
      this.#swap(parent, least);
      parent = least;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a = 0, b = 0] = [this.#at[one], this.#at[other]];
    return a < b || (a === b && (this.#order[one] ?? 0) < (this.#order[other] ?? 0));
  }

  #swap(one: number, other: number): void {
    const [at, order, run] = [this.#at, this.#order, this.#run];
    const a = at[one] ?? 0;
    at[one] = at[other] ?? 0;
    at[other] = a;
    const o = order[one] ?? 0;
    order[one] = order[other] ?? 0;
    order[other] = o;
    const r = run[one];
    const s = run[other];
    if (r === undefined || s === undefined) return;
    run[one] = s;
    run[other] = r;
  }
}
