import { describe, expect, it } from "vitest";
import {
  decodeAckPayload,
  decodeConflictResponse,
  decodeFilter,
  decodeKeyRequest,
  decodeKeyResponse,
  decodeTags,
  encodeAckPayload,
  encodeConflictResponse,
  encodeFilter,
  encodeKeyRequest,
  encodeKeyResponse,
  encodeTags,
} from "../../../shared/wire/serf-payloads.ts";
import { fromHex, type Decoded, toHex, vectorNamed } from "../../support/gossip-vectors.ts";

function payloadOf(name: string): { bytes: Uint8Array; body: Decoded } {
  const message = vectorNamed(name).decoded.msg as Decoded;
  const body = message.body as { Payload: { $hex: string } };
  return { bytes: fromHex(body.Payload.$hex), body: (message.payload as { body: Decoded }).body };
}

describe("what serf packs inside other messages", () => {
  it("reads and writes the captured answer to a conflict query", () => {
    const { bytes, body } = payloadOf("udp-conflict-response");
    const member = decodeConflictResponse(bytes);
    if (!member.ok || member.value === null) throw new Error("no member");
    expect(member.value).toMatchObject({ name: body.Name, status: "alive" });
    expect(Object.fromEntries(member.value.tags)).toEqual(body.Tags);
    expect(toHex(encodeConflictResponse(member.value))).toBe(toHex(bytes));
    expect(decodeConflictResponse(encodeConflictResponse(null))).toEqual({ ok: true, value: null });
  });

  it("reads and writes the captured list of keys", () => {
    const { bytes, body } = payloadOf("udp-encrypted-keyresponse-list-keys");
    const answer = decodeKeyResponse(bytes);
    if (!answer.ok) throw new Error(answer.error);
    expect(answer.value).toEqual({
      result: body.Result,
      message: body.Message,
      keys: body.Keys,
      primaryKey: body.PrimaryKey,
    });
    expect(toHex(encodeKeyResponse(answer.value))).toBe(toHex(bytes));
  });

  it("sends a key request that is never empty", () => {
    expect(toHex(encodeKeyRequest(new Uint8Array(0)))).toBe("0781a34b6579a0");
    const key = new Uint8Array(16).fill(4);
    expect(decodeKeyRequest(encodeKeyRequest(key))).toEqual({ ok: true, value: key });
  });

  it("reads and writes filters as captured", () => {
    expect(toHex(encodeFilter({ kind: "nodes", nodes: ["beta"] }))).toBe("0091a462657461");
    expect(toHex(encodeFilter({ kind: "tag", tag: "role", expression: "db" }))).toBe(
      "0182a445787072a26462a3546167a4726f6c65",
    );
    for (const hex of ["0091a462657461", "0182a445787072a26462a3546167a4726f6c65"]) {
      const filter = decodeFilter(fromHex(hex));
      expect(filter.ok && toHex(encodeFilter(filter.value))).toBe(hex);
    }
    expect(decodeFilter(fromHex("0290")).ok).toBe(false);
  });

  it("takes a meta without the magic byte as the role", () => {
    expect([...decodeTags(new TextEncoder().encode("web"))]).toEqual([["role", "web"]]);
    expect([...decodeTags(fromHex("ff80"))]).toEqual([]);
    expect([...decodeTags(fromHex("ff81a1"))]).toEqual([]);
    expect(toHex(encodeTags(new Map([["dc", "dc1"]])))).toBe("ff81a26463a3646331");
  });

  it("reads and writes the captured coordinate, and takes nothing else for one", () => {
    const body = (
      vectorNamed("udp-ack-with-coordinate").decoded.msg as { body: { Payload: { $hex: string } } }
    ).body;
    const bytes = fromHex(body.Payload.$hex);
    const coordinate = decodeAckPayload(bytes);
    if (!coordinate.ok) throw new Error(coordinate.error);
    expect(coordinate.value.Vec.length).toBe(8);
    expect(toHex(encodeAckPayload(coordinate.value))).toBe(toHex(bytes));
    expect(decodeAckPayload(new Uint8Array(0)).ok).toBe(false);
    expect(decodeAckPayload(Uint8Array.of(2, ...bytes.subarray(1))).ok).toBe(false);
    const infinite = encodeAckPayload({ ...coordinate.value, Height: Number.POSITIVE_INFINITY });
    expect(decodeAckPayload(infinite).ok).toBe(false);
  });
});
