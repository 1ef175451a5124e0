// HCL 1 as Consul's files use it. Texts and places of errors were seen of Consul 1.8.7.

import { describe, expect, it } from "vitest";
import { parseHcl } from "../../../shared/hcl/parse.ts";
import { prngOf } from "./random-text.ts";

function value(text: string): unknown {
  const parsed = parseHcl(text);
  return parsed.ok ? parsed.value : parsed.error;
}

describe("HCL", () => {
  it("reads settings, blocks, lists and comments", () => {
    const text = `
      # an agent
      datacenter = "dc1"   // here
      server = true
      "data_dir" = "/x"
      ports { http = 0x2244 dns = 010, grpc = -1 }
      retry_join = ["a", "b",]
      limits { rpc_rate = 1e3, burst = .5 }
      /* and
         services */
      service { name = "a", meta { "a b" = "c" } }
      service { name = "b" }
    `;
    expect(value(text)).toEqual({
      datacenter: "dc1",
      server: true,
      data_dir: "/x",
      ports: { http: 0x2244, dns: 8, grpc: -1 },
      retry_join: ["a", "b"],
      limits: { rpc_rate: 1000, burst: 0.5 },
      service: [{ name: "a", meta: { "a b": "c" } }, { name: "b" }],
    });
  });

  it("puts a block with a label into an object of that name", () => {
    expect(value('service "web" "x" { port = 80 }')).toEqual({ service: { web: { x: { port: 80 } } } });
  });

  it("lets the last of equal settings count, and adds up objects", () => {
    expect(value("a = 1\na = 2\nb = [{c = 1}]\nb { c = 2 }\nb { c = 3 }")).toEqual({
      a: 2,
      b: [{ c: 1 }, { c: 2 }, { c: 3 }],
    });
  });

  it("reads texts with escapes, interpolations and over several lines", () => {
    const texts = String.raw`a = "tab\t \"q\" \u00e4 \x41 \101" b = "x ${"${env("} \"y\")}"`;
    expect(value('a = "${x "y" {z}} \\n"')).toEqual({ a: '${x "y" {z}} \n' });
    expect(value(texts.split(" b =")[0] ?? "")).toEqual({ a: 'tab\t "q" ä A A' });
    expect(value("a = <<EOF\n one\n  two\nEOF\nb = 1")).toEqual({ a: " one\n  two\n", b: 1 });
    expect(value("a = <<-EOF\n   one\n    two\n  EOF\n")).toEqual({ a: "one\n two\n" });
  });

  it("reads JSON, with comments and commas at the end", () => {
    expect(value('{"a": {"b": [1, null, true,],}, // c\n}')).toEqual({ a: { b: [1, null, true] } });
    expect(value('{"a": 1} b')).toContain("nothing may follow");
  });

  it("is empty when there is nothing, and has keys of any name", () => {
    expect(value("")).toEqual({});
    expect(value(" # nothing")).toEqual({});
    const odd = parseHcl("__proto__ = 1 constructor { toString = 2 }");
    expect(odd.ok && Object.keys(odd.value)).toEqual(["__proto__", "constructor"]);
  });

  it.each([
    ["a = foo", "At 1:5: Unknown token: 1:5 IDENT foo"],
    ['datacenter = "x', "At 1:16: literal not terminated"],
    ["ports { http = 1", "object expected closing RBRACE got: EOF"],
    ["ports http = 1 }", "At 1:12: nested object expected: LBRACE got: ASSIGN"],
    ["= 3", "At 1:1: no object keys found!"],
    ["/* open", "At 1:8: comment not terminated"],
    ['data_dir="/x\\q"', "At 1:14: illegal char escape"],
    ['data_dir:"/x"', "At 1:9: illegal char"],
    ['data_dir="/x"\n]', "At 2:1: expected: IDENT | STRING | ASSIGN | LBRACE got: RBRACK"],
    ["a = [1 2]", "At 1:8: error parsing list, expected comma or list end, got: NUMBER"],
    ["a = null", "At 1:5: Unknown token: 1:5 IDENT null"],
    ["a = <<EOF\nx", "heredoc not terminated"],
    ["a =", "Unknown token: 1:4 EOF"],
    ['\n\n  a = "x\ny"', "At 3:9: literal not terminated"],
  ])("says of %j: %s", (text, error) => {
    expect(value(text)).toContain(error);
  });

  it("gives up on what is nested too deeply or too long", () => {
    expect(value("a = ".padEnd(100_000, "["))).toContain("nested too deeply");
    expect(value("a {".repeat(5_000))).toContain("nested too deeply");
    expect(value(`${"a ".repeat(5_000)}{}`)).toContain("too many names");
  });

  it("reads a hundred thousand blocks of one name in a moment", () => {
    const read = value("a {}\n".repeat(100_000)) as { a: unknown[] };
    expect(read.a).toHaveLength(100_000);
  });

  it("answers any text with a value or a place, and reads its own values again", () => {
    const { pieces, written } = prngOf(20_261_121);
    for (let round = 0; round < 20_000; round += 1) {
      const text = pieces();
      const parsed = parseHcl(text);
      if (!parsed.ok) expect(parsed.error, JSON.stringify(text)).toMatch(/^At \d+:\d+: ./);
      else expect(typeof parsed.value).toBe("object");
    }
    for (let round = 0; round < 2_000; round += 1) {
      const object = written();
      const hcl = Object.entries(object)
        .map(([key, inner]) => `${JSON.stringify(key)} = ${JSON.stringify(inner).replaceAll('":', '"=')}`)
        .join("\n");
      expect(value(hcl)).toEqual(object);
      expect(value(JSON.stringify(object))).toEqual(object);
    }
  });
});
