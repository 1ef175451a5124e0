// legate watch and legate monitor.

import { describe, expect, it } from "vitest";
import { watchView } from "../../../agent/cli/watch-view.ts";
import { cli } from "./fake-ports.ts";

const entry =
  '[{"LockIndex":0,"Key":"a","Flags":18446744073709551615,"Value":"aGVsbG8=","CreateIndex":4,"ModifyIndex":5}]';

describe("legate watch", () => {
  it("prints a key as Consul's client orders it, its flags unrounded, and null for none", async () => {
    const shown = await cli(["watch", "-type=key", "-key=a b"], { answers: [{ body: entry }] });
    expect(shown.requests[0]?.path).toBe("/v1/kv/a%20b");
    expect(shown.out).toBe(
      '{\n    "Key": "a",\n    "CreateIndex": 4,\n    "ModifyIndex": 5,\n    "LockIndex": 0,\n    "Flags": 18446744073709551615,\n    "Value": "aGVsbG8=",\n    "Session": ""\n}\n',
    );
    const none = await cli(["watch", "-type=key", "-key=x"], { answers: [{ status: 404, body: "" }] });
    expect([none.code, none.out]).toEqual([0, "null\n"]);
  });

  it.each([
    [[], "Watch type must be specified\n"],
    [["-type=foo"], "Unsupported watch type: foo\n"],
    [["-type=connect_roots"], "Type connect_roots is not supported in the CLI tool\n"],
    [["-type=key"], "Must specify a single key to watch\n"],
    [["-type=keyprefix"], "Must specify a single prefix to watch\n"],
    [["-type=service"], "Must specify a single service to watch\n"],
    [["-type=checks", "-service=a", "-state=any"], "Cannot specify service and state\n"],
    [["-type=nodes", "-service=a"], "Invalid parameters: [service]\n"],
  ])("refuses %j in Consul's words", async (options, error) => {
    const refused = await cli(["watch", ...options]);
    expect([refused.code, refused.err]).toEqual([1, error]);
  });

  it("asks for what each type is about", () => {
    const pathOf = (parameters: Record<string, string>, tags: readonly string[] = []) => {
      const view = watchView((name) => parameters[name] ?? "", tags);
      return view.ok ? [view.value.path, ...view.value.query.map((pair) => pair.join("="))] : view.error;
    };
    expect(pathOf({ type: "keyprefix", prefix: "a/" })).toEqual(["/v1/kv/a/", "recurse="]);
    expect(pathOf({ type: "services" })).toEqual(["/v1/catalog/services"]);
    expect(pathOf({ type: "service", service: "web", passingonly: "true" }, ["a", "b"])).toEqual([
      "/v1/health/service/web",
      "tag=a",
      "tag=b",
      "passing=1",
    ]);
    expect(pathOf({ type: "checks", state: "critical" })).toEqual(["/v1/health/state/critical"]);
    expect(pathOf({ type: "checks", service: "web" })).toEqual(["/v1/health/checks/web"]);
    expect(pathOf({ type: "event", name: "deploy" })).toEqual(["/v1/event/list", "name=deploy"]);
  });

  it("says why a program cannot be run", async () => {
    const failed = await cli(["watch", "-type=nodes", "cat"], { answers: [{ body: "[]" }] });
    expect([failed.code, failed.err]).toEqual([1, "Error starting handler: no program is run here\n"]);
  });
});

describe("legate monitor", () => {
  it("says that the agent ended the log, and what was wrong with the request", async () => {
    const ended = await cli(["monitor", "-log-level=debug", "-log-json"], { answers: [{ body: "" }] });
    expect(ended.requests[0]?.path).toBe("/v1/agent/monitor?loglevel=debug&logjson");
    expect(ended.code).toBe(1);
    expect(ended.err).toContain("Remote side ended the monitor!");
    const refused = await cli(["monitor"], { answers: [{ status: 400, body: "Bad request: x" }] });
    expect(refused.err).toBe("Error starting monitor: Unexpected response code: 400 (Bad request: x)\n");
  });
});
