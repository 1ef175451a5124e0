// Why an agent could not start, in one line that says what to do.

import { accessSync, constants, mkdirSync } from "node:fs";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { hostPort } from "./network-errors.ts";

/** Makes the data directory and checks that files can be made in it; "" keeps nothing and is always fine. */
export function prepareDataDir(path: string): Result<void, string> {
  if (path === "") return ok(undefined);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK | constants.X_OK);
    return ok(undefined);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const why =
      code === "EACCES" || code === "EPERM" || code === "EROFS"
        ? "is not writable by this user"
        : code === "ENOTDIR" || code === "EEXIST"
          ? "is not a directory"
          : `cannot be used (${code})`;
    return fail(`the data directory ${path} ${why}: choose another with -data-dir, or change its owner`);
  }
}

const flags = {
  HTTP: ["-http-port", "-client"],
  DNS: ["-dns-port", "-client"],
  Server: ["-server-port", "-bind"],
} as const;

/** `what` listens; the settings are the flags that move it. */
export function listenErrorText(
  what: keyof typeof flags,
  host: string,
  port: number,
  error: unknown,
): string {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const at = `${what} cannot listen on ${hostPort(host, port)}`;
  const [flag, addressFlag] = flags[what];
  if (code === "EADDRINUSE")
    return `${at}: the port is in use; find its owner with "ss -tulpn 'sport = :${port}'", or choose another with ${flag}`;
  if (code === "EADDRNOTAVAIL")
    return `${at}: no interface of this machine has that address; choose another with ${addressFlag}`;
  if (code === "EACCES") return `${at}: ports below 1024 need privileges; choose another with ${flag}`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `${at}: that host name does not resolve; give an IP address with ${addressFlag}`;
  return `${at}: ${code}`;
}
