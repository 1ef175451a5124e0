// The data directory: small files that are either old or new after a crash, never half.

import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Files } from "../ports.ts";
import { makeDirectory } from "./make-directory.ts";

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  // A directory is no file: checks/ holds checks and the directory checks/state.
  return code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR";
}

function orWhenMissing<T>(read: () => T, missing: T): T {
  try {
    return read();
  } catch (error) {
    if (isMissing(error)) return missing;
    throw error;
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Files below `root`, which is made when it is missing. Only the owner may read them: they hold tokens. */
export function diskFiles(root: string): Files {
  return {
    read: (path) => orWhenMissing(() => readFileSync(join(root, path), "utf8"), null),
    write: (path, text) => {
      const target = join(root, path);
      makeDirectory(dirname(target));
      const temporary = `${target}.new`;
      const file = openSync(temporary, "w", 0o600);
      try {
        writeSync(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, target);
      syncDirectory(dirname(target));
    },
    remove: (path) => rmSync(join(root, path), { force: true }),
    list: (directory) =>
      orWhenMissing(() => readdirSync(join(root, directory)), [])
        .filter((name) => !name.endsWith(".new"))
        .sort(),
  };
}

/** For an agent that keeps nothing (-dev). */
export function memoryFiles(): Files {
  const files = new Map<string, string>();
  return {
    read: (path) => files.get(path) ?? null,
    write: (path, text) => void files.set(path, text),
    remove: (path) => void files.delete(path),
    list: (directory) =>
      [...files.keys()]
        .filter((path) => dirname(path) === directory)
        .map((path) => path.slice(directory.length + 1))
        .sort(),
  };
}
