// How the protocol's numbers grow with the size of the pool (SWIM section 4, Lifeguard section IV, memberlist's forms).

import type { Millis } from "../base/brand.ts";

/** How often a broadcast is sent by one node: mult · ceil(log10(n + 1)). */
export function retransmitLimit(mult: number, members: number): number {
  return mult * Math.ceil(Math.log10(members + 1));
}

/** The shortest suspicion: mult · max(1, log10 n) · probe interval, the logarithm cut to three decimals. */
export function suspicionMin(mult: number, members: number, probeIntervalMillis: Millis): Millis {
  const scale = Math.floor(Math.max(1, Math.log10(Math.max(1, members))) * 1000);
  return (mult * scale * probeIntervalMillis) / 1000;
}

/** Confirmations after which a suspicion is at its shortest; 0 in pools too small to give them. */
export function confirmationsWanted(suspicionMult: number, members: number): number {
  const wanted = suspicionMult - 2;
  return members - 2 < wanted ? 0 : wanted;
}

/** Length of a suspicion after `count` independent confirmations: falls with their logarithm from max to min. */
export function suspicionTimeout(count: number, wanted: number, min: Millis, max: Millis): Millis {
  if (wanted < 1) return min;
  const fallen = max - (max - min) * (Math.log(count + 1) / Math.log(wanted + 1));
  return Math.max(min, Math.floor(fallen));
}

/** Full state exchanges become rarer in pools of more than 32: interval · (ceil(log2(n) − 5) + 1). */
export function pushPullInterval(intervalMillis: Millis, members: number): Millis {
  if (members <= 32) return intervalMillis;
  return intervalMillis * (Math.ceil(Math.log2(members) - 5) + 1);
}

/** Each member makes one exchange in an interval and is drawn into another: eight chances to hear it. */
const exchangesRemembered = 4;

/**
 * How long the dead are remembered. Somebody may have missed the news and believe in one of them until an exchange with
 * who remembers; if all others had forgotten by then, it would be alive again for everybody. So: several exchanges.
 */
export function deathRememberedMillis(intervalMillis: Millis, members: number): Millis {
  return exchangesRemembered * pushPullInterval(intervalMillis, members);
}
