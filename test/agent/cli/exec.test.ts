import { describe, expect, it } from "vitest";
import { execCommand } from "../../../agent/cli/commands/exec.ts";
import { followJob } from "../../../agent/cli/exec/follow.ts";
import type { CliPorts } from "../../../agent/cli/ports.ts";
import { ok } from "../../../shared/base/result.ts";
import { cli, fakeConfigPorts } from "./fake-ports.ts";

const job = { prefix: "_rexec", session: "s", text: "", waitMillis: 2_000 };

/** Answers of the KV store; each listing takes a second. */
function world(listings: readonly (readonly string[])[], values: Readonly<Record<string, string>>) {
  let now = 0;
  let turn = 0;
  let out = "";
  const ports: Partial<CliPorts> = {
    now: () => now,
    env: {},
    stdout: (text) => {
      out += String(text);
    },
    config: fakeConfigPorts({}),
    http: async ({ path }) => {
      const name = path.replace("/v1/kv/_rexec/s/", "").replace(/\?.*/, "");
      const body = (text: string) => new TextEncoder().encode(text);
      if (name !== "") return ok({ status: 200, body: body(values[name] ?? "") });
      now += 1_000;
      const keys = listings[Math.min(turn++, listings.length - 1)] ?? [];
      return ok({ status: 200, body: body(JSON.stringify(keys.map((key) => `_rexec/s/${key}`))) });
    },
  };
  return {
    context: { ports: ports as CliPorts, flags: { given: [], args: [] } },
    out: () => out,
    at: () => now,
  };
}

describe("legate exec", () => {
  it.each([
    [[], "Must specify a command to execute"],
    [["-tag=a", "x"], "Cannot provide tag filter without service filter."],
    [["-node=[", "x"], "Failed to compile node filter regexp: error parsing regexp: missing closing ]: `[`"],
    [["-wait=x", "x"], 'invalid value "x" for flag -wait: parse error'],
  ])("refuses %j before it asks anybody", async (words, text) => {
    const { code, err, requests } = await cli([execCommand.name, ...words]);
    expect([code, err, requests.length]).toEqual([1, `${text}\n`, 0]);
  });

  it("ends after silence when nobody answers", async () => {
    const { context, at } = world([["job"]], {});
    const end = await followJob(context, job, () => false, false);
    expect(end).toEqual(ok({ acknowledged: 0, finished: 0, allGood: true }));
    expect(at()).toBe(2_000);
  });

  it("shows each line with its node, and waits for a node at work longer than the silence", async () => {
    const acked = ["job", "n1/ack"];
    const { context, out } = world([...new Array(8).fill(acked), [...acked, "n1/exit", "n1/out/00000"]], {
      "n1/out/00000": "one\ntwo\n",
      "n1/exit": "4",
    });
    const end = await followJob(context, job, () => false, true);
    expect(end).toEqual(ok({ acknowledged: 1, finished: 1, allGood: false }));
    expect(out()).toBe(
      "==> n1: acknowledged\n    n1: one\n    n1: two\n    n1:\n==> n1: finished with exit code 4\n",
    );
  });

  it("stops when interrupted", async () => {
    const { context } = world([["n1/ack"]], {});
    let asked = 0;
    const end = await followJob(context, job, () => ++asked > 2, false);
    expect(end).toEqual(ok({ acknowledged: 1, finished: 0, allGood: true }));
  });
});
