// A directory is made with what is above it, or the error says why not: never a call that does not return.

import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeDirectory } from "../../agent/runtime/make-directory.ts";
import { prepareDataDir } from "../../agent/runtime/start-errors.ts";
import { scratch } from "../support/legate-process.ts";

const place = scratch("make-directory");
afterAll(() => place.remove());

it("makes what is missing above, for the owner only", () => {
  const path = join(place.path, "a/b/c");
  makeDirectory(path);
  makeDirectory(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

it("says that a file stands in the way", () => {
  mkdirSync(place.path, { recursive: true });
  const file = join(place.path, "file");
  writeFileSync(file, "");
  const problem = `the data directory ${file}/x is not a directory: choose another with -data-dir, or change its owner`;
  expect(prepareDataDir(join(file, "x"))).toEqual({ ok: false, error: problem });
});

it.runIf(process.platform === "linux")("ends where a file system takes no entries", () => {
  expect(prepareDataDir("/proc/legate/data")).toMatchObject({ ok: false });
});
