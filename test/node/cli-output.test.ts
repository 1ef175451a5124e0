// The command line as a process: what it says reaches whoever reads, however slowly.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { legate } from "../support/legate-process.ts";

it("loses nothing of a long answer when its reader takes its time", { timeout: 20_000 }, async () => {
  const Value = Buffer.alloc(1_000_000, "v").toString("base64");
  const entry = { LockIndex: 0, Key: "a", Flags: 0, Value, CreateIndex: 1, ModifyIndex: 1 };
  const server = createServer((_request, response) => {
    response.setHeader("X-Consul-Index", "1");
    response.end(JSON.stringify([entry]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(legate, ["kv", "export", `-http-addr=${address}`, "a"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise((resolve) => child.once("close", resolve));
  await setTimeout(1_500); // nobody reads: more than a pipe takes must wait
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  expect(await exited).toBe(0);
  server.close();
  expect(JSON.parse(text)).toEqual([{ key: "a", flags: 0, value: Value }]);
});
