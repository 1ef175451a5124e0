// Why an agent could not start, in one line that says what to do.

import { accessSync, constants } from "node:fs";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { makeDirectory } from "./make-directory.ts";
import { hostPort } from "./network-errors.ts";

/** Makes the data directory and checks that files can be made in it; "" keeps nothing and is always fine. */
export function prepareDataDir(path: string): Result<void, string> {
  if (path === "") return ok(undefined);
  try {
    makeDirectory(path);
    accessSync(path, constants.W_OK | constants.X_OK);
    return ok(undefined);
  } catch (error) {
    return fail(
      `the data directory ${path} ${directoryProblem(error)}: choose another with -data-dir, or change its owner`,
    );
  }
}

/** What is wrong with a directory, to follow its name. */
export function directoryProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return "is not writable by this user";
  if (code === "ENOTDIR" || code === "EEXIST") return "is not a directory";
  return `cannot be used (${code ?? message})`;
}

const flags = {
  HTTP: ["-http-port", "-client"],
  DNS: ["-dns-port", "-client"],
  Server: ["-server-port", "-bind"],
  Gossip: ["-serf-lan-port", "-bind"],
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
