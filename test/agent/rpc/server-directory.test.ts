import { describe, expect, it } from "vitest";
import { createServerDirectory } from "../../../agent/rpc/server-directory.ts";
import { aKnownServer } from "../../support/known-servers.ts";

describe("the server directory", () => {
  it("lists servers by id, and tells of changes only", () => {
    const directory = createServerDirectory();
    let changes = 0;
    const stop = directory.onChange(() => void changes++);
    directory.set([aKnownServer("b"), aKnownServer("a")]);
    expect(directory.servers().map(({ id }) => id)).toEqual(["a", "b"]);
    directory.set([aKnownServer("a"), aKnownServer("b")]);
    expect(changes).toBe(1);
    directory.set([aKnownServer("a", { state: "failed" }), aKnownServer("b")]);
    expect(changes).toBe(2);
    stop();
    directory.set([]);
    expect([changes, directory.servers()]).toEqual([2, []]);
  });

  it("believes the living one of two with the same id", () => {
    const dead = aKnownServer("a", { state: "failed", address: "10.0.0.1" });
    const alive = aKnownServer("a", { address: "10.0.0.2" });
    for (const list of [
      [dead, alive],
      [alive, dead],
    ]) {
      expect(createServerDirectory(list).servers()).toEqual([alive]);
    }
  });
});
