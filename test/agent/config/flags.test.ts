import { describe, expect, it } from "vitest";
import { type FlagSpec, flagBool, flagList, flagText, parseFlags } from "../../../agent/config/flags.ts";

const specs: FlagSpec[] = [
  { name: "server", type: "bool", doc: "" },
  { name: "bootstrap-expect", type: "int", doc: "" },
  { name: "join", type: "list", doc: "" },
  { name: "flags", type: "uint", doc: "" },
];

function parsed(...words: string[]) {
  const flags = parseFlags(specs, words);
  if (!flags.ok) throw new Error(JSON.stringify(flags.error));
  return flags.value;
}
function wrong(...words: string[]) {
  const flags = parseFlags(specs, words);
  return flags.ok ? "fine" : flags.error.kind === "help" ? "help" : flags.error.text;
}

describe("Go's way with options", () => {
  it("takes one dash or two, a value after = or as the next word", () => {
    const flags = parsed("--server=true", "-bootstrap-expect", "3", "--join", "a", "-join=b");
    expect(flagBool(flags, "server")).toBe(true);
    expect(flagText(flags, "bootstrap-expect")).toBe("3");
    expect(flagList(flags, "join")).toEqual(["a", "b"]);
  });

  it("ends at the first word that is no option, so that values may begin with a dash", () => {
    expect(parsed("-server", "key", "-5").args).toEqual(["key", "-5"]);
    expect(parsed("-server", "--", "-join").args).toEqual(["-join"]);
    expect(parsed("-").args).toEqual(["-"]);
  });

  it("takes a boolean's value only with =", () => {
    expect(parsed("-server", "false").args).toEqual(["false"]);
    expect(flagBool(parsed("-server=F"), "server")).toBe(false);
    expect(wrong("-server=perhaps")).toBe('invalid value "perhaps" for flag -server: parse error');
  });

  it("says what is wrong as Go does", () => {
    expect(wrong("-nope")).toBe("flag provided but not defined: -nope");
    expect(wrong("-join")).toBe("flag needs an argument: -join");
    expect(wrong("-flags=-1")).toBe('invalid value "-1" for flag -flags: parse error');
    expect(wrong("-flags=18446744073709551616")).toContain("parse error");
    expect(wrong("-flags=18446744073709551615")).toBe("fine");
    expect(wrong("---x")).toBe("bad flag syntax: ---x");
    expect(wrong("-h")).toBe("help");
  });
});
