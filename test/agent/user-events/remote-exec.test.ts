// The agent's side of legate exec, with a backend that remembers what is written.

import { describe, expect, it } from "vitest";
import type { Job } from "../../../agent/ports.ts";
import { createUserEvents } from "../../../agent/user-events/fire.ts";
import { createRemoteExec } from "../../../agent/user-events/remote-exec.ts";
import { limits } from "../../../shared/limits.ts";
import { fakeBackend, fakeMeta } from "../../support/fake-backend.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const order = bytes('{"Prefix":"_rexec","Session":"s1"}');
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function world(job: string | null, given: { held?: boolean; code?: number | null; output?: string[] } = {}) {
  const written: [string, string][] = [];
  const run: Job[] = [];
  const logged: string[] = [];
  const backend = fakeBackend({
    "KVS.Get": ({ key }) => ({
      meta: fakeMeta,
      value:
        job === null
          ? null
          : { LockIndex: 1, Key: key, Flags: "0" as never, Value: btoa(job), CreateIndex: 1, ModifyIndex: 1 },
    }),
    "KVS.Acquire": ({ operation }) => {
      written.push([operation.key, atob(operation.value ?? "")]);
      return given.held === false ? 0 : 1;
    },
  });
  const exec = createRemoteExec({
    backend,
    nodeName: "n1",
    datacenter: "dc1",
    token: () => "t",
    timers: { after: () => () => {} },
    log: (_level, message) => void logged.push(message),
    runner: {
      async run(what, output) {
        run.push(what);
        for (const piece of given.output ?? []) output(bytes(piece));
        return given.code === undefined ? 0 : given.code;
      },
    },
  });
  return { exec, written, run, logged };
}

describe("remote execution", () => {
  it("acknowledges, runs the command in a shell and writes output before the exit code", async () => {
    const { exec, written, run } = world('{"Command":"uptime","Wait":1}', {
      code: 3,
      output: ["a\n", "b\n"],
    });
    exec.receive(order);
    await settled();
    expect(run).toEqual([{ args: ["/bin/sh", "-c", "uptime"] }]);
    expect(written).toEqual([
      ["_rexec/s1/n1/ack", ""],
      ["_rexec/s1/n1/out/00000", "a\nb\n"],
      ["_rexec/s1/n1/exit", "3"],
    ]);
  });

  it("takes words and scripts as they are", async () => {
    const words = world('{"Args":["a","b c"]}', { code: null });
    words.exec.receive(order);
    const script = world(JSON.stringify({ Script: btoa("echo") }));
    script.exec.receive(order);
    await settled();
    expect(words.run).toEqual([{ args: ["a", "b c"] }]);
    expect(words.written.at(-1)).toEqual(["_rexec/s1/n1/exit", "255"]);
    expect(script.run).toEqual([{ script: bytes("echo") }]);
  });

  it("cuts output into pieces of 4 KiB, and drops what is too much", async () => {
    const large = "x".repeat(limits.remoteExecOutputBytesMax);
    const { exec, written } = world('{"Command":"x"}', { output: [large, "more"] });
    exec.receive(order);
    await settled();
    const outputs = written.filter(([key]) => key.includes("/out/"));
    expect(outputs.length).toBe(limits.remoteExecOutputBytesMax / 4_096);
    expect(outputs[17]?.[0]).toBe("_rexec/s1/n1/out/00011");
  });

  it("runs nothing when the session has ended, the job is gone or nothing can be read", async () => {
    for (const { exec, run, logged } of [
      world('{"Command":"x"}', { held: false }),
      world(null),
      world("{"),
      world("[]"),
    ]) {
      exec.receive(order);
      exec.receive(bytes("{"));
      exec.receive(bytes('{"Prefix":1}'));
      exec.receive(null);
      await settled();
      expect(run).toEqual([]);
      expect(logged.length).toBeGreaterThanOrEqual(3);
    }
  });

  it("runs only so many jobs at once", async () => {
    const { exec, written, logged } = world('{"Command":"x"}');
    for (let count = 0; count <= limits.remoteExecJobsMax; count++) exec.receive(order);
    await settled();
    expect(logged[0]).toBe("agent: too many remote exec jobs run");
    expect(written.filter(([key]) => key.endsWith("/ack")).length).toBe(limits.remoteExecJobsMax);
  });

  it("is an order, no event that is kept, and dropped by an agent that takes none", () => {
    for (const takes of [true, false]) {
      const orders: (Uint8Array | null)[] = [];
      const events = createUserEvents({
        nodeName: "n1",
        uuid: () => "604da1c1-e62b-ec39-ac22-8615e840d0c6",
        services: () => [],
        defer: (body) => body(),
        ...(takes ? { orders: (payload) => void orders.push(payload) } : {}),
      });
      const none = { nodeFilter: "", serviceFilter: "", tagFilter: "" };
      events.fire({ name: "_rexec", payload: order, ...none });
      events.fire({ name: "_rexec", payload: order, ...none, nodeFilter: "other" });
      expect(orders.length).toBe(takes ? 1 : 0);
      expect(events.buffer.list("")).toEqual([]);
    }
  });
});
