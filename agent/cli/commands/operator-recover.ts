// legate operator raft recover

import type { RecoveryReport } from "../../../shared/structs/raft-configuration.ts";
import { flagText } from "../../config/flags.ts";
import type { Command } from "../command.ts";
import { askJson, failed } from "../http-client.ts";
import { table } from "../output.ts";

export const raftRecover: Command = {
  name: "operator raft recover",
  summary: "Gives up a lost majority: the asked server goes on with what it has",
  args: "",
  help: 'For the day on which most servers are lost for good and the rest answers "No cluster leader". Ask the agent of a server that survived. Without -epoch nothing is changed: it prints what that server holds, who still answers, and what may be lost. With the epoch that it printed, the server goes on as the only voter; other survivors join it again and get their votes back by themselves. It is refused while a majority answers, and on a server whose log is behind another survivor\'s.\n\n$ operator raft recover -http-addr=10.0.0.2:8500\n\n$ operator raft recover -http-addr=10.0.0.2:8500 -epoch=1',
  asks: "agent",
  argsMax: 0,
  flags: [
    { name: "epoch", type: "uint", value: "number", doc: "The epoch that a call without it printed: do it." },
  ],
  run: async (context) => {
    const epoch = flagText(context.flags, "epoch") ?? "0";
    const query: [string, string][] = epoch === "0" ? [] : [["epoch", epoch]];
    const path = "/v1/operator/raft/recover";
    const found = await askJson<RecoveryReport>(context, { method: "PUT", path, query });
    if (!found.ok) return failed(context, "Error recovering", found.error);
    context.ports.stdout(textOf(found.value, context.ports.program));
    return 0;
  },
};

function textOf(report: RecoveryReport, program: string): string {
  const name = report.servers.find(({ id }) => id === report.server)?.name ?? report.server;
  const rows = report.servers.map((server) => [
    server.name,
    server.address,
    String(server.voter),
    server.answers ? "yes" : "no",
    server.answers ? String(server.lastIndex) : "unknown",
  ]);
  const lost =
    report.commitIndex === report.lastIndex
      ? "Lost is what only servers that do not answer had acknowledged after that."
      : `Entries ${report.commitIndex + 1} to ${report.lastIndex} are kept, whether their writers were told so or not. Lost is what only servers that do not answer had acknowledged after that.`;
  const positions = `Committed for certain is everything up to ${report.commitIndex}; the log ends at ${report.lastIndex}, term ${report.lastTerm}.`;
  const servers = table([["Node", "Address", "Voter", "Answers", "Last Index"], ...rows]);
  if (report.recovered) {
    return `${name} leads epoch ${report.epoch} as the only voter.\n${positions}\n${lost}\n\n${servers}\nOther survivors get their votes back by themselves; new servers join as always: ${program} operator raft list-peers\n`;
  }
  return `${name} can go on alone, in epoch ${report.epoch}. Nothing was changed.\n${positions}\n${lost}\n\n${servers}\nTo do it: ${program} operator raft recover -epoch=${report.epoch}\n`;
}
