// What is shown of raft, and what settings mean to it.

import { describe, expect, it } from "vitest";
import { limits } from "../../../shared/limits.ts";
import { encodeConfiguration } from "../../../shared/raft/membership.ts";
import {
  initialConfiguration,
  isRaftsOwn,
  logLimits,
  raftStatus,
} from "../../../worker/server/raft-status.ts";
import type { ServerConfig } from "../../../worker/server/config.ts";
import { a, b, bench, c, elect, group } from "../../shared/raft/raft-group.ts";
import { one, two } from "./driver-bench.ts";

const config: ServerConfig = {
  ...{ datacenter: "dc1", id: one, servers: [one, two], version: "0" },
  mode: "awake",
  addressOf: { [one]: "10.0.0.1:8300" },
};

describe("raft's status", () => {
  it("counts the other voters and shows the configuration in force", () => {
    const it = bench();
    elect(it, 100_000);
    expect(raftStatus(it.state, 0, 100_000)).toMatchObject({
      ...{ role: "leader", leader: a, term: 1, numPeers: 2, bootstrapped: true, lastContactMillis: 0 },
      servers: [{ id: a }, { id: b }, { id: c }],
    });
    expect(raftStatus(bench([], {}, { members: [] }).state, 0, 0)).toMatchObject({
      ...{ role: "follower", leader: null, numPeers: 0, bootstrapped: false, servers: [] },
    });
  });
});

describe("the settings of a server", () => {
  it("list the first configuration, all voters; none lists nothing", () => {
    expect(initialConfiguration(config)?.servers).toEqual([
      { id: one, address: "10.0.0.1:8300", voter: true },
      { id: two, address: "", voter: true },
    ]);
    expect(initialConfiguration({ ...config, servers: [] })).toBeNull();
  });

  it("bound the log, by Consul's defaults if they say nothing", () => {
    expect(logLimits(config)).toEqual({
      entriesMax: limits.raftLogEntriesMax,
      entriesKept: limits.raftLogEntriesKept,
    });
    expect(logLimits({ ...config, log: { entriesMax: 5, entriesKept: 1 } }).entriesMax).toBe(5);
  });

  it("know raft's own entries from those of the state machine", () => {
    const own = ["", encodeConfiguration(group([a]))].map((command) =>
      isRaftsOwn({ index: 1, term: 1, command }),
    );
    expect(own).toEqual([true, true]);
    expect(isRaftsOwn({ index: 1, term: 1, command: '{"v":1}' })).toBe(false);
  });
});
