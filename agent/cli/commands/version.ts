// legate version

import { consulVersion, legateVersion } from "../../../shared/version.ts";
import { flagText } from "../../config/flags.ts";
import type { Command } from "../command.ts";
import { failed } from "../http-client.ts";

export const versionCommand: Command = {
  name: "version",
  summary: "Prints the version",
  args: "",
  help: "Prints this program's version and the version of Consul that it is compatible with.\n\n$ version",
  asks: "none",
  argsMax: -1,
  flags: [{ name: "format", type: "text", value: "pretty|json", doc: "How to print. Default: pretty." }],
  run: (context) => {
    const format = flagText(context.flags, "format") ?? "pretty";
    const protocol = { Default: 2, Min: 2, Max: 3 };
    if (format === "json") {
      const fields = {
        Version: consulVersion,
        Revision: "",
        Prerelease: "",
        RPC: protocol,
        Legate: legateVersion,
      };
      context.ports.stdout(`${JSON.stringify(fields, null, 3)}\n`);
      return 0;
    }
    if (format !== "pretty") return failed(context, "Unknown format", format);
    context.ports.stdout(
      `Legate v${legateVersion}\nConsul v${consulVersion} (compatible API; not affiliated with HashiCorp)\n` +
        `Protocol ${protocol.Default} spoken by default, understands ${protocol.Min} to ${protocol.Max}\n`,
    );
    return 0;
  },
};
