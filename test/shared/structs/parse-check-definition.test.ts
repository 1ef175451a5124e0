import { describe, expect, it } from "vitest";
import { errors } from "../../../shared/errors.ts";
import { parseCheckDefinition } from "../../../shared/structs/parse-check-definition.ts";

function answer(value: unknown): string {
  const result = parseCheckDefinition(value);
  return result.ok ? "accepted" : `${errors[result.error.error.code].status} ${result.error.text}`;
}

describe("a check definition", () => {
  it("is read with all its fields", () => {
    const body = {
      ID: "a",
      Name: "c",
      Notes: "n",
      service_id: "web",
      HTTP: "http://x",
      Method: "POST",
      Header: { "X-A": ["1"] },
      Body: "b",
      Interval: "60s",
      Timeout: 2_000_000_000,
      SuccessBeforePassing: 1,
      FailuresBeforeCritical: 2,
      Status: "warning",
      Token: "t",
    };
    expect(parseCheckDefinition(body)).toEqual({
      ok: true,
      value: {
        id: "a",
        name: "c",
        notes: "n",
        serviceId: "web",
        status: "warning",
        token: "t",
        http: "http://x",
        method: "POST",
        header: { "X-A": ["1"] },
        body: "b",
        tlsSkipVerify: false,
        tcp: "",
        intervalMillis: 60_000,
        timeoutMillis: 2000,
        ttlMillis: 0,
        successBeforePassing: 1,
        failuresBeforeCritical: 2,
        outputBytesMax: 4096,
        deregisterCriticalAfterMillis: 0,
      },
    });
  });

  const scripts =
    "500 Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true";
  // Recorded from Consul 1.8.7.
  it.each([
    [null, "400 Missing check name"],
    [{ ID: "x", TTL: "10s" }, "400 Missing check name"],
    [{ Name: "c", CheckID: "x" }, '400 json: unknown field "CheckID"'],
    [{ Name: "c", success_before_passing: 1 }, '400 json: unknown field "success_before_passing"'],
    [{ Name: "c", TTL: "bad" }, '400 time: invalid duration "bad"'],
    [{ Name: "c", TTL: true }, "400 Invalid check: TTL must be > 0 for TTL checks"],
    [{ Name: "c", Interval: "10s" }, "400 Invalid check: TTL must be > 0 for TTL checks"],
    [
      { Name: "c", HTTP: "http://x" },
      "400 Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks",
    ],
    [
      { Name: "c", TTL: "1s", TCP: "x:1" },
      "400 Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks",
    ],
    [
      { Name: "c", TTL: "10s", Interval: "5s" },
      "400 Invalid check: Interval and TTL cannot both be specified",
    ],
    [{ Name: "c", TTL: "10s", Status: "fine" }, "400 Bad check status"],
    [{ Name: "c", TTL: "1s", OutputMaxSize: -1 }, "400 Invalid check: MaxOutputMaxSize must be positive"],
    [
      { Name: "c", Header: { a: "b" } },
      "400 json: cannot unmarshal string into Go struct field .Header of type []string",
    ],
    [{ Name: "c", ScriptArgs: ["true"], Interval: "1s" }, scripts],
    [{ Name: "c", Args: ["true"], Interval: "1s" }, scripts],
    [{ Name: "c", TTL: 5_000_000_000, Shell: "x" }, "accepted"],
    [{ Name: "c", http: "a", tcp: "b", interval: "1s" }, "accepted"],
  ])("%j is answered %s", (value, text) => {
    expect(answer(value)).toBe(text);
  });

  it("may be of any kind, and runs programs only where that is allowed", () => {
    const kind = (value: object, scripts = false) => {
      const parsed = parseCheckDefinition(
        { Name: "x", Interval: "1s", ...value },
        { source: "api", scripts },
      );
      return parsed.ok ? parsed.value.other : parsed.error.text;
    };
    expect(kind({ GRPC: "h:1/s", GRPCUseTLS: true })).toEqual({
      kind: "grpc",
      target: "h:1/s",
      useTls: true,
    });
    expect(kind({ AliasService: "web" })).toEqual({ kind: "alias", node: "", service: "web" });
    expect(kind({ Args: ["true"] })).toMatch(/^Scripts are disabled on this agent from remote calls/);
    expect(kind({ ScriptArgs: ["a", "b"] }, true)).toEqual({ kind: "script", args: ["a", "b"] });
    expect(kind({ DockerContainerID: "c", Args: ["t"], Shell: "/bin/ash" }, true)).toEqual({
      kind: "docker",
      container: "c",
      shell: "/bin/ash",
      args: ["t"],
    });
    expect(kind({ HTTP: "http://x", Args: ["t"] }, true)).toBeUndefined();
  });
});
