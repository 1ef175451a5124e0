import { describe, expect, it } from "vitest";
import {
  counterMax,
  encodeMsgpack,
  type MsgpackReader,
  type MsgpackValue,
  readBoolean,
  readBytesOrNil,
  readInteger,
  readList,
  readMap,
  readMsgpack,
  readNumber,
  readText,
  skipValue,
  structValue,
} from "../../../shared/wire/gossip-msgpack.ts";
import { fromHex, toHex } from "../../support/gossip-vectors.ts";

const written = (value: MsgpackValue) => toHex(encodeMsgpack(value));
function read<T>(hex: string, body: (reader: MsgpackReader) => T): T | string {
  const reader = readMsgpack(fromHex(hex));
  const value = body(reader);
  return reader.failure ?? value;
}

describe("writing the old msgpack", () => {
  it("takes the smallest form of each integer", () => {
    const forms = [0, 127, 128, 255, 256, 65_535, 65_536, 0xffffffff, 0x100000000].map(written);
    expect(forms).toEqual([
      "00",
      "7f",
      "cc80",
      "ccff",
      "cd0100",
      "cdffff",
      "ce00010000",
      "ceffffffff",
      "cf0000000100000000",
    ]);
  });

  it("writes text and bytes as raw, never as str8 or bin", () => {
    expect(written("a".repeat(31)).slice(0, 2)).toBe("bf");
    expect(written("a".repeat(32)).slice(0, 6)).toBe("da0020");
    expect(written(new Uint8Array(200)).slice(0, 6)).toBe("da00c8");
    expect(written(new Uint8Array(70_000)).slice(0, 10)).toBe("db00011170");
  });

  it("sorts the fields of a struct and keeps the order of a map", () => {
    expect(written(structValue({ Node: "a", LTime: 1 }))).toBe("82a54c54696d6501a44e6f6465a161");
    expect(
      written(
        new Map([
          ["b", 1],
          ["a", 2],
        ]),
      ),
    ).toBe("82a16201a16102");
  });

  it("writes nil, truth, floats and lists", () => {
    expect(written([null, true, false, { float: 1.5 }])).toBe("94c0c3c2cb3ff8000000000000");
  });
});

describe("reading any msgpack", () => {
  it("takes every width of an integer, signed ones too when they are not negative", () => {
    for (const hex of [
      "05",
      "cc05",
      "cd0005",
      "ce00000005",
      "cf0000000000000005",
      "d005",
      "d10005",
      "d200000005",
    ]) {
      expect(read(hex, (reader) => readInteger(reader, 10))).toBe(5);
    }
    expect(read("d30000000000000005", (reader) => readInteger(reader, 10))).toBe(5);
    expect(read("c0", (reader) => readInteger(reader, 10))).toBe(0);
  });

  it("refuses integers that are negative, too large or not whole", () => {
    for (const hex of ["ff", "0b", "d1ffff", "cfffffffffffffffff", "cb3ff8000000000000"]) {
      expect(read(hex, (reader) => readInteger(reader, 10))).toBe("a number outside 0…10");
    }
    const beyond = "cf0020000000000000"; // 2^53
    expect(read(beyond, (reader) => readInteger(reader, counterMax))).toBe(
      `a number outside 0…${counterMax}`,
    );
  });

  it("takes raw, str and bin as text and as bytes", () => {
    for (const hex of ["a16b", "d9016b", "da00016b", "db000000016b", "c4016b", "c500016b", "c6000000016b"]) {
      expect(read(hex, (reader) => readText(reader, 10))).toBe("k");
      expect(read(hex, (reader) => readBytesOrNil(reader, 10))).toEqual(fromHex("6b"));
    }
    expect(read("c0", (reader) => readBytesOrNil(reader, 10))).toBeNull();
  });

  it("refuses text that is not UTF-8 and fields that are too long", () => {
    expect(read("a1ff", (reader) => readText(reader, 10))).toBe("text that is not UTF-8");
    expect(read("a3616263", (reader) => readText(reader, 2))).toBe("more than 2 bytes in one field");
  });

  it("reads truth values as Go does", () => {
    const values = ["c3", "01", "c2", "00", "c0"].map((hex) => read(hex, readBoolean));
    expect(values).toEqual([true, true, false, false, false]);
  });

  it("reads maps and lists, passing over what is unknown, however deep", () => {
    const deep = "91".repeat(5_000);
    const seen: unknown[] = [];
    const result = read(`83a16101a162${deep}01a16392ca3fc0000005`, (reader) => {
      readMap(reader, (key) => {
        if (key === "a") seen.push(readNumber(reader));
        else if (key === "c") readList(reader, 2, () => seen.push(readNumber(reader)));
        else skipValue(reader);
      });
      return reader.at;
    });
    expect(seen).toEqual([1, 1.5, 5]);
    expect(result).toBe(5_000 + 16);
  });

  it("passes over every kind of value", () => {
    const kinds = [
      "c0",
      "c2",
      "7f",
      "ff",
      "a161",
      "d90161",
      "c40161",
      "c7010161",
      "d4ff00",
      "d8ff".padEnd(36, "0"),
    ];
    for (const hex of [...kinds, "cb".padEnd(18, "0"), "81a16101", "dc000101", "de0001a16101"]) {
      expect(read(hex, (reader) => [skipValue(reader), reader.at][1])).toBe(hex.length / 2);
    }
    expect(read("c1", (reader) => skipValue(reader))).toBe("a byte that begins no value");
  });

  it("says that bytes are missing, apart from other failures", () => {
    const reader = readMsgpack(fromHex("a56162"));
    readText(reader, 10);
    expect(reader.short).toBe(true);
    expect(reader.failure).toBe("the message ends too early");
  });
});
