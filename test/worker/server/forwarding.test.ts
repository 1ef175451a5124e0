import { describe, expect, it } from "vitest";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ErrorCode, type ServerError, serverError } from "../../../shared/errors.ts";
import type { ServerId } from "../../../shared/raft/types.ts";
import type { ServerConfig } from "../../../worker/server/config.ts";
import { createDeadlines } from "../../../worker/server/deadlines.ts";
import { createForwarding } from "../../../worker/server/forwarding.ts";
import type { LeaderContact } from "../../../worker/server/raft-status.ts";
import { VirtualTime, watch } from "../../support/virtual-time.ts";

type Answer = Result<unknown, ServerError>;
const [one, two] = ["server-1", "server-2"] as ServerId[] as [ServerId, ServerId];

/** A server "server-1" whose leader, and what calls to it answer, the test decides. */
function server(leader: ServerId | null) {
  const time = new VirtualTime();
  const state = { leader, answers: [] as (Answer | Promise<Answer>)[], calls: 0, here: 0, stirs: 0 };
  const contact = () =>
    ({ role: state.leader === one ? "leader" : "follower", leader: state.leader }) as LeaderContact;
  const driver = { contact, stir: () => void state.stirs++, unreachable: () => {} };
  const peers = {
    send: () => {},
    call: async () => {
      state.calls++;
      return state.answers.shift() ?? fail(serverError("noLeader"));
    },
  };
  const wake = time.wake(() => void deadlines.due());
  const deadlines = createDeadlines(wake.port, time.clock);
  const config = { id: one, servers: [one, two] } as unknown as ServerConfig;
  const forwarding = createForwarding(driver, { peers, clock: time.clock, log: () => {} }, config, deadlines);
  const ask = (kind: "read" | "write", forwarded = false) =>
    watch(
      forwarding.atLeader({
        method: kind === "write" ? "KVS.Apply" : "KVS.Get",
        request: {},
        kind,
        forwarded,
        here: async () => {
          state.here++;
          return ok("here");
        },
      }),
    );
  return { time, state, forwarding, deadlines, ask };
}

describe("finding the leader", () => {
  it("stirs the group and waits until one is known", async () => {
    const s = server(null);
    const found = watch(s.forwarding.findLeader(3_000));
    await s.time.advance(100);
    expect([found.done, s.state.stirs > 0]).toEqual([false, true]);
    s.state.leader = two;
    s.forwarding.roleChanged();
    expect(await found.promise).toBe(two);
    expect(s.deadlines.size).toBe(0);
  });

  it("says that there is none when the time is over, and leaves no deadline", async () => {
    const s = server(null);
    const found = s.forwarding.findLeader(3_000);
    await s.time.advance(3_000);
    expect(await found).toBe(null);
    expect(s.deadlines.size).toBe(0);
  });
});

describe("forwarding to the leader", () => {
  it("does it here when this server leads", async () => {
    const s = server(one);
    expect(await s.ask("write").promise).toEqual(ok("here"));
    expect(s.state.calls).toBe(0);
  });

  it("passes it on when another leads, and hands back the answer, also a refusal", async () => {
    const s = server(two);
    s.state.answers = [ok("there"), fail(serverError("rejected", "no"))];
    expect(await s.ask("write").promise).toEqual(ok("there"));
    expect(await s.ask("write").promise).toEqual(fail(serverError("rejected", "no")));
    expect(s.deadlines.size).toBe(0);
  });

  it("never passes on what was passed on to it", async () => {
    const s = server(two);
    expect(await s.ask("write", true).promise).toEqual(fail(serverError("noLeader", two)));
    s.state.leader = null;
    expect(await s.ask("read", true).promise).toEqual(fail(serverError("noLeader")));
    expect(s.state.calls).toBe(0);
  });

  it("waits for a leader, and goes on as soon as one is known", async () => {
    const s = server(null);
    const asked = s.ask("write");
    await s.time.advance(10);
    expect([asked.done, s.state.stirs]).toEqual([false, 1]);
    s.state.leader = one;
    s.forwarding.roleChanged();
    expect(await asked.promise).toEqual(ok("here"));
    expect(s.deadlines.size).toBe(0);
  });

  it("says that there is no leader after 7 s, not before", async () => {
    const s = server(null);
    const asked = s.ask("read");
    await s.time.advance(6_999);
    expect(asked.done).toBe(false);
    await s.time.advance(1);
    await s.time.settle();
    expect(asked.value).toEqual(fail(serverError("noLeader")));
    expect(s.deadlines.size).toBe(0);
  });

  it("tries a read again after a broken call, and a write only when surely nothing was done", async () => {
    const broken = (code: ErrorCode) => fail(serverError(code, "broken"));
    const s = server(two);
    s.state.answers = [broken("timeout"), ok("second")];
    const read = s.ask("read");
    await s.time.advance(1_000);
    expect(read.value).toEqual(ok("second"));
    s.state.answers = [broken("noServers"), ok("second")];
    const write = s.ask("write");
    await s.time.advance(1_000);
    expect(write.value).toEqual(ok("second"));
    for (const code of ["timeout", "internal", "leadershipLost"] as const) {
      s.state.answers = [broken(code), ok("never")];
      const answer = await s.ask("write").promise;
      expect(answer.ok ? "" : answer.error.code).toBe("leadershipLost");
    }
  });

  it("waits for no answer for ever", async () => {
    const s = server(two);
    s.state.answers = [new Promise(() => {}), new Promise(() => {})];
    const [read, write] = [s.ask("read"), s.ask("write")];
    await s.time.advance(7_000);
    await s.time.settle();
    expect(read.value).toEqual(fail(serverError("noLeader")));
    expect(write.done).toBe(false);
    await s.time.advance(7_000);
    await s.time.settle();
    expect(write.value).toEqual(fail(serverError("leadershipLost")));
  });
});
