// Metrics as lines of statsd and DogStatsD: "name:value|kind", several in one packet.

import type { MetricKind, MetricSink } from "./metrics.ts";

/** A packet that fits every network. */
const packetBytesMax = 1_400;
/** L: while nobody takes them, no more than this is held. */
const linesMax = 10_000;

const kinds: { readonly [K in MetricKind]: string } = { counter: "c", gauge: "g", sample: "ms" };

/** Gathers lines until `flush`, which hands them to `send` in packets. `tags` are DogStatsD's. */
export function createStatsdLines(
  tags: readonly string[],
  send: (packet: string) => void,
): { readonly sink: MetricSink; flush(): void } {
  const suffix = tags.length === 0 ? "" : `|#${tags.join(",")}`;
  let lines: string[] = [];
  return {
    sink(kind, name, value) {
      if (lines.length >= linesMax) return;
      lines.push(`${name.replace(/[:| ]/g, "_")}:${value.toFixed(6)}|${kinds[kind]}${suffix}\n`);
    },
    flush() {
      let packet = "";
      for (const line of lines) {
        if (packet !== "" && packet.length + line.length > packetBytesMax) {
          send(packet);
          packet = "";
        }
        packet += line;
      }
      lines = [];
      if (packet !== "") send(packet);
    },
  };
}
