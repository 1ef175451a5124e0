// Objects that must not be believed: a log row that rotted, a database of a newer release.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { type LocalEdge, startLocalEdge } from "../../agent/runtime/local-edge.ts";
import { eventually, scratch } from "../support/legate-process.ts";

async function ask(edge: LocalEdge, path: string, init: RequestInit = {}): Promise<string> {
  const answer = await fetch(edge.url + path, { ...init, headers: { "X-Consul-Token": edge.secret } });
  return (await answer.text()).trim();
}

/** Changes the storage of one object, whichever comes first. */
function damage(dataDir: string, statement: string): void {
  const objects = join(dataDir, "edge/objects");
  const files = readdirSync(objects, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".sqlite")).sort()) {
    const database = new DatabaseSync(join(objects, file));
    const isServer = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'raft_log'").all().length > 0;
    if (isServer) expect(Number(database.prepare(statement).run().changes)).toBeGreaterThan(0);
    database.close();
    if (isServer) return;
  }
  throw new Error("no object has a log");
}

const cases = [
  [
    "a log row that cannot be read",
    "UPDATE raft_log SET entries = '[' WHERE first_index = (SELECT max(first_index) FROM raft_log)",
    "cannot be trusted, so it neither votes nor answers",
  ],
  [
    "a database of a newer release",
    "UPDATE storage_version SET version = 77",
    "start the newer release again",
  ],
] as const;

describe("an object that cannot trust its storage", () => {
  for (const [what, statement, said] of cases) {
    it(`takes no part with ${what}, says what to do, and the other two go on`, async () => {
      const place = scratch("edge-untrusted");
      const logged: string[] = [];
      const log = (_level: string, message: string, fields?: unknown) =>
        void logged.push(`${message} ${JSON.stringify(fields)}`);
      const options = { dataDir: place.path, port: 0, servers: 3, log };
      const before = await startLocalEdge(options);
      await eventually("a write", 20_000, async () =>
        (await ask(before, "/v1/kv/kept", { method: "PUT", body: "x" })) === "true" ? true : undefined,
      );
      await before.stop();
      damage(place.path, statement);
      const edge = await startLocalEdge(options);
      try {
        for (let n = 0; n < 6; n++) {
          expect(await ask(edge, "/v1/kv/kept?raw&consistent")).toBe("x");
          expect(await ask(edge, `/v1/kv/more-${n}`, { method: "PUT", body: "y" })).toBe("true");
        }
        await eventually("the log says why", 10_000, () =>
          logged.join("\n").includes(said) ? true : undefined,
        );
      } finally {
        await edge.stop();
        place.remove();
      }
    }, 60_000);
  }
});
