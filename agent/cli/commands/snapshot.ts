// legate snapshot save | restore | inspect

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { limits } from "../../../shared/limits.ts";
import type { SnapshotMeta } from "../../../shared/api/snapshot-archive.ts";
import type { Command, CommandContext } from "../command.ts";
import { ask, failed } from "../http-client.ts";

export const snapshotSave: Command = {
  name: "snapshot save",
  summary: "Saves a snapshot of the state of the servers",
  args: "FILE",
  help: "Writes the whole state of the servers (keys, catalog, sessions, queries, configuration entries) to a file, and checks the file.\n\n$ snapshot save backup.snap\n\n$ snapshot save -stale backup.snap",
  asks: "server",
  argsMax: -1,
  flags: [],
  run: async (context) => {
    const path = fileArgument(context);
    if (path === null) return 1;
    const saved = await ask(context, { path: "/v1/snapshot" });
    if (!saved.ok) return failed(context, "Error saving snapshot", saved.error);
    const meta = await verify(context, saved.value.bytes);
    if (!meta.ok) return failed(context, "Error verifying snapshot file", meta.error);
    const written = context.ports.writeFile(path, saved.value.bytes);
    if (!written.ok) return failed(context, "Error writing snapshot file", written.error);
    context.ports.stdout(`Saved and verified snapshot to index ${meta.value.Index}\n`);
    return 0;
  },
};

export const snapshotRestore: Command = {
  name: "snapshot restore",
  summary: "Restores a snapshot of the state of the servers",
  args: "FILE",
  help: "Replaces the whole state of the servers by that of a file; a file that is not whole changes nothing. What agents know of their own services they bring back themselves.\n\n$ snapshot restore backup.snap",
  asks: "server",
  argsMax: -1,
  flags: [],
  run: async (context) => {
    const path = fileArgument(context);
    if (path === null) return 1;
    const file = context.ports.readFile(path);
    if (!file.ok) return failed(context, "Error opening snapshot file", file.error);
    const done = await ask(context, { method: "PUT", path: "/v1/snapshot", body: file.value });
    if (!done.ok) return failed(context, "Error restoring snapshot", done.error);
    context.ports.stdout("Restored snapshot\n");
    return 0;
  },
};

export const snapshotInspect: Command = {
  name: "snapshot inspect",
  summary: "Displays information about a snapshot file",
  args: "FILE",
  help: "Checks a snapshot file and prints what it says of itself. No agent is asked.\n\n$ snapshot inspect backup.snap",
  asks: "none",
  argsMax: -1,
  flags: [],
  run: async (context) => {
    const path = fileArgument(context);
    if (path === null) return 1;
    const file = context.ports.readFile(path);
    if (!file.ok) return failed(context, "Error opening snapshot file", file.error);
    const meta = await verify(context, file.value);
    if (!meta.ok) return failed(context, "Error verifying snapshot", meta.error);
    for (const name of ["ID", "Size", "Index", "Term", "Version"] as const) {
      context.ports.stdout(`${name.padEnd(13)}${meta.value[name]}\n`);
    }
    context.ports.stdout("\n");
    return 0;
  },
};

/** Null (said on stderr) unless exactly one file is named. */
function fileArgument(context: CommandContext): string | null {
  const { args } = context.flags;
  const [path] = args;
  if (args.length === 1 && path !== undefined) return path;
  context.ports.stderr(
    args.length === 0 ? "Missing FILE argument\n" : `Too many arguments (expected 1, got ${args.length})\n`,
  );
  return null;
}

async function verify(context: CommandContext, bytes: Uint8Array): Promise<Result<SnapshotMeta, string>> {
  const tar = await context.ports.gunzip(bytes, limits.snapshotUnpackedBytesMax);
  // Loaded here alone: no other command needs hashes and tar.
  const { readArchive, unpackProblem } = await import("../../../shared/api/snapshot-archive.ts");
  if (!tar.ok) return fail(unpackProblem(bytes, tar.error));
  const archive = readArchive(tar.value);
  return archive.ok ? ok(archive.value.meta) : archive;
}
