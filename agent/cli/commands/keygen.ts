// legate keygen

import { bytesToBase64 } from "../../../shared/base/base64.ts";
import type { Command } from "../command.ts";

export const keygenCommand: Command = {
  name: "keygen",
  summary: "Generates a new encryption key",
  args: "",
  help: "Prints 32 random bytes in base64, as the setting encrypt takes them.\n\n$ keygen",
  asks: "none",
  argsMax: -1,
  flags: [],
  run: ({ ports }) => {
    ports.stdout(`${bytesToBase64(ports.randomBytes(32))}\n`);
    return 0;
  },
};
