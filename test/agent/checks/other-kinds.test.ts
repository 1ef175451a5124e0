// Script, Docker, gRPC and alias checks: what becomes of the results, in the words of Consul 1.8.7.

import { describe, expect, it } from "vitest";
import { followAlias, judgeAlias } from "../../../agent/checks/alias.ts";
import { runGrpcCheck } from "../../../agent/checks/grpc.ts";
import { judgeProgram, runProgramCheck } from "../../../agent/checks/program.ts";
import type { CheckResult } from "../../../agent/checks/status.ts";
import { createLocalState } from "../../../agent/local/state.ts";
import type { OtherProbes, ProgramResult } from "../../../agent/ports.ts";
import { ok } from "../../../shared/base/result.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import type { HealthCheck } from "../../../shared/structs/check.ts";
import { aCheckDefinition } from "../local/builders.ts";

const ended: ProgramResult = { exitCode: 0, output: "fine\n", outputBytes: 5, timedOut: false, error: "" };

describe("a program's end", () => {
  it.each([
    [{}, "passing", "fine\n"],
    [{ exitCode: 1 }, "warning", "fine\n"],
    [{ exitCode: 2 }, "critical", "fine\n"],
    [{ exitCode: null, output: "", outputBytes: 0 }, "critical", ""],
    [{ output: "0abc\n", outputBytes: 14 }, "passing", "Captured 5 of 14 bytes\n...\n0abc\n"],
    [
      { timedOut: true, output: "started\n", outputBytes: 8 },
      "critical",
      "Timed out (1s) running check\n\nstarted\n",
    ],
    [{ timedOut: true, output: "", outputBytes: 0 }, "critical", "Timed out (1s) running check"],
    [
      { error: "fork/exec /x: no such file or directory" },
      "critical",
      "fork/exec /x: no such file or directory",
    ],
  ])("%j is %s", (change, status, output) => {
    expect(judgeProgram({ ...ended, ...change }, 1_000)).toEqual({ status, output });
  });

  it("is asked of the container's shell for a Docker check", async () => {
    const asked: unknown[] = [];
    const probes = {
      docker: {
        run: async (...call: unknown[]) => {
          asked.push(call);
          return ended;
        },
      },
    } as unknown as OtherProbes;
    const other = { kind: "docker", container: "c1", shell: "", args: ["check.sh"] } as const;
    const definition = aCheckDefinition({ timeoutMillis: 2_000, other });
    expect((await runProgramCheck(definition, other, probes, 100)).status).toBe("passing");
    expect(asked).toEqual([["c1", ["/bin/sh", "-c", "check.sh"], 2_000, 100]]);
  });
});

describe("a gRPC check", () => {
  it("asks for the service behind the slash and passes on what is wrong", async () => {
    const asked: unknown[] = [];
    const probe = {
      check: async (request: unknown) => {
        asked.push(request);
        return asked.length === 1 ? "" : "rpc error: code = NotFound desc = unknown service";
      },
    };
    const run = (target: string) =>
      runGrpcCheck(aCheckDefinition({ tlsSkipVerify: true }), { kind: "grpc", target, useTls: true }, probe);
    expect(await run("h:1/svc")).toEqual({ status: "passing", output: "gRPC check h:1: success" });
    expect(await run("h:1")).toEqual({
      status: "critical",
      output: "rpc error: code = NotFound desc = unknown service",
    });
    expect(asked).toMatchObject([
      { address: "h:1", service: "svc", useTls: true, tlsSkipVerify: true },
      { address: "h:1", service: "" },
    ]);
  });
});

function check(id: string, service: string, status: string, output = ""): HealthCheck {
  return {
    Node: "n",
    CheckID: id,
    Name: id,
    Status: status,
    Notes: "",
    Output: output,
    ServiceID: service,
    ServiceName: service,
    ServiceTags: [],
    Type: "",
    Definition: {},
    CreateIndex: 0,
    ModifyIndex: 0,
  };
}

const alias = { kind: "alias", node: "", service: "s" } as const;

describe("an alias check", () => {
  it.each([
    [
      [check("a", "s", "warning"), check("b", "s", "critical", "down")],
      "critical",
      'Aliased check "b" failing: down',
    ],
    [
      [check("a", "s", "warning", "w"), check("x", "other", "critical")],
      "warning",
      'Aliased check "a" failing: w',
    ],
    [[check("node", "", "critical", "n")], "critical", 'Aliased check "node" failing: n'],
    [[check("a", "s", "passing"), check("al", "", "critical")], "passing", "All checks passing."],
    [[], "passing", "No checks found."],
  ])("of %j", (checks, status, output) => {
    expect(judgeAlias(checks, alias, "al", true)).toEqual({ status, output });
  });

  it("is critical while its service is not there", () => {
    expect(judgeAlias([], { ...alias, node: "n1" }, "al", false)).toEqual({
      status: "critical",
      output: "Service s could not be found on node n1",
    });
  });

  it("follows the local state, and stops", () => {
    const state = createLocalState();
    const due: (() => void)[] = [];
    const results: CheckResult[] = [];
    const turn = () => {
      for (const body of due.splice(0)) body();
    };
    const parts = {
      state,
      backend: {} as Backend,
      timers: { after: () => () => {} },
      defer: (body: () => void) => void due.push(body),
      random: () => 0,
      token: () => "",
    };
    const stop = followAlias(parts, "al", alias, (result) => results.push(result));
    turn();
    const entry = { definition: null, token: "", source: "api" } as const;
    state.setCheck({ ...entry, check: check("a", "s", "critical") });
    state.setCheck({ ...entry, check: check("al", "", "critical") });
    turn();
    expect(results.map(({ output }) => output)).toEqual([
      "Service s could not be found on node ",
      "Service s could not be found on node ",
    ]);
    stop();
    state.setCheck({ ...entry, check: check("b", "s", "passing") });
    turn();
    expect(results.length).toBe(2);
  });

  it("does not follow one that follows it, nor repeats more than what failed in the end", () => {
    const state = createLocalState();
    const due: (() => void)[] = [];
    const results: CheckResult[] = [];
    const parts = {
      state,
      backend: {} as Backend,
      timers: { after: () => () => {} },
      defer: (body: () => void) => void due.push(body),
      random: () => 0,
      token: () => "",
    };
    const entry = { definition: null, token: "", source: "api" } as const;
    const other = { ...check("al2", "", "critical", 'Aliased check "al" failing: x'), Type: "alias" };
    state.setCheck({ ...entry, check: check("al", "", "critical") });
    state.setCheck({ ...entry, check: other });
    followAlias(parts, "al", { ...alias, service: "" }, (result) => results.push(result));
    for (const body of due.splice(0)) body();
    expect(results.at(-1)).toMatchObject({ status: "passing" });
    expect(judgeAlias([other], alias, "mine", true).output).toBe('Aliased check "al2" failing: x');
  });

  it("follows another node by blocking queries, never in a tight loop", async () => {
    const asked: number[] = [];
    const timers: (() => void)[] = [];
    const backend: Backend = {
      call: (async (method: string, request: { options: { minIndex: number } }) => {
        if (method === "Catalog.NodeServices")
          return ok({ meta: {}, value: { Node: {}, Services: { s: {} } } });
        asked.push(request.options.minIndex);
        return ok({ meta: { index: 5 + asked.length }, value: [check("a", "s", "passing")] });
      }) as unknown as Backend["call"],
    };
    const results: CheckResult[] = [];
    const parts = {
      state: createLocalState(),
      backend,
      timers: {
        after: (_millis: number, body: () => void) => {
          timers.push(body);
          return () => {};
        },
      },
      defer: (body: () => void) => body(),
      random: () => 0,
      token: () => "",
    };
    const settled = async () => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    };
    followAlias(parts, "al", { ...alias, node: "n2" }, (result) => results.push(result));
    await settled();
    timers.shift()?.();
    await settled();
    expect(asked).toEqual([0, 6]);
    expect(results.map(({ output }) => output)).toEqual(["All checks passing.", "All checks passing."]);
  });
});
