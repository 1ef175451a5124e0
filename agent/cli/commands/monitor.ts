// legate monitor

import { flagBool, flagText } from "../../config/flags.ts";
import type { Command } from "../command.ts";
import { ask, failed } from "../http-client.ts";

export const monitorCommand: Command = {
  name: "monitor",
  summary: "Shows the agent's log as it is written",
  args: "",
  help: "Prints the log of the agent until it is ended with Ctrl-C, also at levels that the agent itself does not write.\n\n$ monitor -log-level=debug",
  asks: "agent",
  argsMax: 0,
  flags: [
    { name: "log-json", type: "bool", doc: "Lines as JSON." },
    {
      name: "log-level",
      type: "text",
      value: "level",
      doc: "trace, debug, info, warn or error. Default: info.",
    },
  ],
  run: async (context) => {
    const query: [string, string][] = [["loglevel", flagText(context.flags, "log-level") || "INFO"]];
    if (flagBool(context.flags, "log-json")) query.push(["logjson", ""]);
    let interrupted = false;
    let stop = (): void => {};
    const takeBack = context.ports.onInterrupt(() => {
      interrupted = true;
      stop();
    });
    const ended = await ask(context, {
      path: "/v1/agent/monitor",
      query,
      onPiece: (piece) => context.ports.stdout(piece),
      onStart: (end) => {
        stop = end;
      },
    });
    takeBack();
    if (interrupted) return 0;
    if (!ended.ok) return failed(context, "Error starting monitor", ended.error);
    context.ports.stderr(
      "\nRemote side ended the monitor! This usually means that the\nremote side has exited or crashed.\n",
    );
    return 1;
  },
};
