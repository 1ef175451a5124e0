// The fingerprint of a run: everything that happens is mixed into it in order, so two runs that print the same one were
// the same to the bit. Two 32-bit lanes; mixing is cheap enough to be done at every event.

export type Trace = {
  number(value: number): void;
  text(value: string): void;
  /** Sixteen hexadecimal digits. */
  hash(): string;
};

/** An empty trace. */
export function createTrace(): Trace {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  const mix = (value: number): void => {
    a = Math.imul(a ^ value, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul(b ^ (value + 0x7ed55d16), 0x5bd1e995);
    b ^= b >>> 13;
  };
  return {
    number(value) {
      mix(value | 0);
      if (value > 0x7fffffff) mix((value / 0x1_0000_0000) | 0);
    },
    text(value) {
      for (let at = 0; at < value.length; at += 1) mix(value.charCodeAt(at));
      mix(value.length);
    },
    hash: () => [a, b].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join(""),
  };
}
