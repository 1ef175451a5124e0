import { describe, expect, it } from "vitest";
import type { StreamMessage } from "../../../shared/gossip/types.ts";
import { createStreamReader, sealStream } from "../../../shared/wire/gossip-streams.ts";
import { framingWith, plainFraming } from "../../support/gossip-framing.ts";

const node = (at: number) => ({
  name: `node-${at}`,
  address: { ip: Uint8Array.of(10, 0, at >> 8, at & 255), port: 8301 },
  meta: new Uint8Array(60).fill(at & 255),
  incarnation: at,
  state: "alive" as const,
  versions: Uint8Array.of(1, 5, 2, 2, 5, 4),
});
const pushPull: StreamMessage = {
  kind: "pushPull",
  join: true,
  nodes: Array.from({ length: 300 }, (_, at) => node(at)),
  userState: new Uint8Array(5000).fill(2),
};
const messages: readonly StreamMessage[] = [
  pushPull,
  { kind: "ping", sequence: 4, node: "a", source: null },
  { kind: "ack", sequence: 4, payload: new Uint8Array(0) },
  { kind: "user", payload: new Uint8Array(1000).fill(1) },
  { kind: "error", message: "no" },
];
const keyring = [new Uint8Array(16).fill(1)];
const label = new TextEncoder().encode("x");

describe("a stream", () => {
  it("carries each message through every combination of layers", () => {
    for (const compress of [false, true]) {
      for (const keys of [[], keyring]) {
        for (const side of ["dialler", "acceptor"] as const) {
          const framing = framingWith(keys, { compress, label });
          for (const message of messages) {
            const reader = createStreamReader(framing, side);
            expect(reader.read(sealStream(message, framing, side))).toEqual({ kind: "message", message });
          }
        }
      }
    }
  });

  it("is understood byte by byte, and knows its end without being closed", () => {
    for (const compress of [false, true]) {
      const framing = { ...plainFraming, compress };
      const bytes = sealStream(pushPull, framing, "dialler");
      const reader = createStreamReader(framing, "dialler");
      for (let at = 0; at < bytes.length - 1; at++) {
        expect(reader.read(bytes.subarray(at, at + 1)).kind).toBe("more");
      }
      expect(reader.read(bytes.subarray(bytes.length - 1)).kind).toBe("message");
    }
  });

  it("tells the other side when only one of them encrypts", () => {
    const plain = sealStream(pushPull, plainFraming, "dialler");
    const sealed = sealStream(pushPull, framingWith(keyring), "dialler");
    const strict = createStreamReader(framingWith(keyring), "dialler").read(plain);
    expect(strict).toMatchObject({ answer: "Encryption is configured but remote state is not encrypted" });
    const open = createStreamReader(plainFraming, "dialler").read(sealed);
    expect(open).toMatchObject({ answer: "Remote state is encrypted and encryption is not configured" });
    const lenient = createStreamReader(framingWith(keyring, { verifyIncoming: false }), "dialler").read(
      plain,
    );
    expect(lenient.kind).toBe("message");
  });

  it("closes without a word on another label or an unknown message", () => {
    const bytes = sealStream(pushPull, framingWith([], { label }), "dialler");
    expect(createStreamReader(plainFraming, "dialler").read(bytes)).toMatchObject({
      kind: "failed",
      answer: null,
    });
    expect(createStreamReader(plainFraming, "dialler").read(Uint8Array.of(3, 0x80))).toMatchObject({
      kind: "failed",
      answer: null,
    });
  });
});
