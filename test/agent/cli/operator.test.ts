import { describe, expect, it } from "vitest";
import { raftListPeers } from "../../../agent/cli/commands/operator-raft.ts";
import { raftRecover } from "../../../agent/cli/commands/operator-recover.ts";
import { autopilotState } from "../../../agent/cli/commands/operator-autopilot.ts";
import { cli } from "./fake-ports.ts";

const servers = {
  Servers: [
    { ID: "id-a", Node: "a", Address: "1.1.1.1:8300", Leader: true, ProtocolVersion: "3", Voter: true },
    { ID: "id-b", Node: "b", Address: "1.1.1.2:8300", Leader: false, ProtocolVersion: "3", Voter: false },
  ],
  Index: 0,
};
const configuration = JSON.stringify({
  ...{ CleanupDeadServers: true, LastContactThreshold: "200ms", MaxTrailingLogs: 250, MinQuorum: 0 },
  ...{ ServerStabilizationTime: "10s", RedundancyZoneTag: "", DisableUpgradeMigration: false },
  ...{ UpgradeVersionTag: "", CreateIndex: 4, ModifyIndex: 9 },
});

describe("operator", () => {
  it("is a group of groups, each with its help", async () => {
    const help = await cli(["operator", "-h"]);
    expect(help).toMatchObject({ code: 0 });
    expect(help.out).toMatch(/^ {4}autopilot +\S.*\n {4}raft +\S/m);
    expect((await cli(["operator", "raft"])).err).toContain("list-peers");
    expect((await cli(["operator", "raft", "nope"])).err).toContain('"operator raft nope" is no command');
    expect(raftListPeers.name.split(" ")).toHaveLength(3);
  });

  it("lists the peers in columns", async () => {
    const answers = [{ body: JSON.stringify(servers) }];
    const listed = await cli(["operator", "raft", "list-peers", "-stale"], { answers });
    expect(listed.out).toBe(
      "Node  ID    Address       State     Voter  RaftProtocol\n" +
        "a     id-a  1.1.1.1:8300  leader    true   3\n" +
        "b     id-b  1.1.1.2:8300  follower  false  3\n",
    );
    expect(listed.requests[0]?.path).toBe("/v1/operator/raft/configuration?stale");
  });

  it("removes one peer, named one way", async () => {
    const gone = [{ body: "" }];
    const removed = await cli(["operator", "raft", "remove-peer", "-address=1.1.1.2:8300"], {
      answers: gone,
    });
    expect(removed).toMatchObject({ code: 0, out: 'Removed peer with address "1.1.1.2:8300"\n' });
    expect(removed.requests[0]).toMatchObject({
      method: "DELETE",
      path: "/v1/operator/raft/peer?address=1.1.1.2%3A8300",
    });
    for (const words of [[], ["-id=a", "-address=b"]]) {
      expect(await cli(["operator", "raft", "remove-peer", ...words])).toMatchObject({
        code: 1,
        requests: [],
      });
    }
    const failed = [{ status: 500, body: 'id "x" was not found in the Raft configuration' }];
    expect((await cli(["operator", "raft", "remove-peer", "-id=x"], { answers: failed })).err).toBe(
      'Error removing peer: Unexpected response code: 500 (id "x" was not found in the Raft configuration)\n',
    );
  });

  it("hands the leadership over", async () => {
    const moved = await cli(["operator", "raft", "transfer-leader", "-id=b"], {
      answers: [{ body: '{"Success":true}' }],
    });
    expect(moved).toMatchObject({ code: 0, out: "Success\n", requests: [{ method: "POST" }] });
  });

  it("prints autopilot's settings a line each", async () => {
    const printed = await cli(["operator", "autopilot", "get-config"], {
      answers: [{ body: configuration }],
    });
    expect(printed.out).toBe(
      "CleanupDeadServers = true\nLastContactThreshold = 200ms\nMaxTrailingLogs = 250\nMinQuorum = 0\n" +
        'ServerStabilizationTime = 10s\nRedundancyZoneTag = ""\nDisableUpgradeMigration = false\nUpgradeVersionTag = ""\n',
    );
  });

  it("sets only what is given, and only over what it read", async () => {
    const answers = [{ body: configuration }, { body: "true" }];
    const words = ["operator", "autopilot", "set-config", "-cleanup-dead-servers=false", "-min-quorum=3"];
    const set = await cli(words, { answers });
    expect(set).toMatchObject({ code: 0, out: "Configuration updated!\n" });
    expect(set.requests[1]?.path).toBe("/v1/operator/autopilot/configuration?cas=9");
    expect(JSON.parse(String(set.requests[1]?.body))).toMatchObject({
      CleanupDeadServers: false,
      LastContactThreshold: "200ms",
      MinQuorum: 3,
    });
    const lost = await cli(words, { answers: [{ body: configuration }, { body: "false" }] });
    expect(lost).toMatchObject({ code: 1, err: expect.stringContaining("please try again") });
    for (const wrong of [
      "-last-contact-threshold=x",
      "-cleanup-dead-servers=maybe",
      "-max-trailing-logs=-1",
    ]) {
      expect(await cli(["operator", "autopilot", "set-config", wrong])).toMatchObject({
        code: 1,
        requests: [],
      });
    }
  });

  it("prints autopilot's state", async () => {
    const server = { Name: "a", Address: "1.1.1.1:8300", Status: "leader", Healthy: true };
    const state = {
      Healthy: true,
      FailureTolerance: 0,
      Leader: "id-a",
      Voters: ["id-a"],
      Servers: { "id-a": server },
    };
    const printed = await cli(autopilotState.name.split(" "), { answers: [{ body: JSON.stringify(state) }] });
    expect(printed.out).toContain("Failure Tolerance: 0\nLeader:            id-a\nVoters:\n   id-a\n");
  });
});

describe("operator raft recover", () => {
  const report = {
    ...{ server: "id-a", epoch: 1, commitIndex: 5, lastIndex: 9, lastTerm: 2, recovered: false },
    servers: [
      {
        id: "id-a",
        name: "a",
        address: "1.1.1.1:8300",
        voter: true,
        answers: true,
        lastTerm: 2,
        lastIndex: 9,
      },
      {
        id: "id-b",
        name: "b",
        address: "1.1.1.2:8300",
        voter: true,
        answers: false,
        lastTerm: 0,
        lastIndex: 0,
      },
    ],
  };

  it("only looks without an epoch, and says what may be lost and how to go on", async () => {
    const looked = await cli(raftRecover.name.split(" "), { answers: [{ body: JSON.stringify(report) }] });
    expect(looked.requests[0]).toMatchObject({ method: "PUT", path: "/v1/operator/raft/recover" });
    expect(looked.out).toContain("Nothing was changed.\nCommitted for certain is everything up to 5");
    expect(looked.out).toContain("Entries 6 to 9 are kept, whether their writers were told so or not.");
    expect(looked.out).toMatch(/^b +1\.1\.1\.2:8300 +true +no +unknown$/m);
    expect(looked.out).toContain("operator raft recover -epoch=1");
  });

  it("does it with the epoch that was printed", async () => {
    const done = { ...report, recovered: true };
    const words = [...raftRecover.name.split(" "), "-epoch=1"];
    const recovered = await cli(words, { answers: [{ body: JSON.stringify(done) }] });
    expect(recovered.requests[0]?.path).toBe("/v1/operator/raft/recover?epoch=1");
    expect(recovered.out).toContain("a leads epoch 1 as the only voter.");
  });
});
