// legate members

import { compileGoRegexp } from "../../../shared/base/regexp.ts";
import { type Member, memberStatusNames } from "../../../shared/structs/members.ts";
import { flagBool, flagText } from "../../config/flags.ts";
import type { Command, CommandContext } from "../command.ts";
import { askJson, failed } from "../http-client.ts";
import { sortedPairs, table } from "../output.ts";

export const membersCommand: Command = {
  name: "members",
  summary: "Lists the members of a cluster",
  args: "",
  help: "Prints servers and agents with their state. Exits with 2 when none matches.\n\n$ members\n\n$ members -status='failed|left'",
  asks: "agent",
  argsMax: -1,
  flags: [
    { name: "detailed", type: "bool", doc: "Print all tags of each member." },
    { name: "format", type: "text", value: "pretty|json", doc: "How to print. Default: pretty." },
    { name: "segment", type: "text", value: "name", doc: "Network segments do not exist here." },
    {
      name: "status",
      type: "text",
      value: "regexp",
      doc: "Only members whose state matches: alive, leaving, left, failed.",
    },
    { name: "wan", type: "bool", doc: "Servers of all datacenters." },
  ],
  run: async (context) => {
    const { flags, ports } = context;
    const format = flagText(flags, "format") ?? "pretty";
    if (format !== "pretty" && format !== "json") return failed(context, "Unknown format", format);
    const status = compileGoRegexp(flagText(flags, "status") ?? "");
    if (!status.ok) return failed(context, "Failed to compile status regexp", status.error);
    const segment = flagText(flags, "segment") ?? "";
    const query: [string, string][] = flagBool(flags, "wan")
      ? [["wan", "1"]]
      : [["segment", segment || "_all"]];
    const members = await askJson<readonly Member[] | null>(context, { path: "/v1/agent/members", query });
    if (!members.ok) return failed(context, "Error retrieving members", members.error);
    const chosen = (members.value ?? []).filter((member) =>
      status.value.test(memberStatusNames[member.Status] ?? "none"),
    );
    if (chosen.length === 0) return 2;
    const sorted = chosen.toSorted((a, b) => compare(segmentOf(a), segmentOf(b)) || compare(a.Name, b.Name));
    ports.stdout(format === "json" ? `${JSON.stringify(sorted, null, 2)}\n` : printed(context, sorted));
    return 0;
  },
};

function printed(context: CommandContext, members: readonly Member[]): string {
  if (flagBool(context.flags, "detailed")) {
    const rows = members.map((member) => {
      const tags = { ...member.Tags, segment: segmentOf(member) };
      return [
        member.Name,
        addressOf(member),
        memberStatusNames[member.Status] ?? "none",
        sortedPairs(tags, ","),
      ];
    });
    return table([["Node", "Address", "Status", "Tags"], ...rows]);
  }
  const rows = members.map((member) => [
    member.Name,
    addressOf(member),
    memberStatusNames[member.Status] ?? "none",
    typeOf(member),
    buildOf(member),
    member.Tags.vsn ?? String(member.ProtocolCur),
    member.Tags.dc ?? "",
    segmentOf(member),
  ]);
  return table([["Node", "Address", "Status", "Type", "Build", "Protocol", "DC", "Segment"], ...rows]);
}

function addressOf({ Addr, Port }: Member): string {
  return Addr.includes(":") ? `[${Addr}]:${Port}` : `${Addr}:${Port}`;
}

function typeOf({ Tags }: Member): string {
  if (Tags.role === "consul") return "server";
  return Tags.role === "node" ? "client" : "unknown";
}

/** "1.8.7:abcdef" without the revision. */
function buildOf({ Tags }: Member): string {
  return (Tags.build ?? "").split(":")[0] || "< 0.3";
}

function segmentOf(member: Member): string {
  if (typeOf(member) === "server") return "<all>";
  return (member.Tags.segment ?? "") === "" ? "<default>" : (member.Tags.segment ?? "");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
