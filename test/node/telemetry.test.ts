// What Node tells of the host, the log that can be followed, packets that go out.

import { createSocket } from "node:dgram";
import { describe, expect, it } from "vitest";
import { hostInfo } from "../../agent/runtime/host-info.ts";
import { createLogger, logJson } from "../../agent/runtime/logger.ts";
import { sendPacket } from "../../agent/runtime/packet-sender.ts";

describe("the host", () => {
  it("is described in Consul's shape", () => {
    const described = hostInfo.describe() as {
      Memory: Record<string, number>;
      CPU: unknown[];
      Host: Record<string, unknown>;
      Disk: Record<string, number>;
    };
    expect(Object.keys(described)).toEqual(["Memory", "CPU", "Host", "Disk", "CollectionTime", "Errors"]);
    expect(described.Memory.total).toBeGreaterThan(described.Memory.free ?? 0);
    expect(described.CPU.length).toBeGreaterThan(0);
    expect(described.Host.hostname).toBe(hostInfo.hostname);
    expect(described.Disk.total).toBeGreaterThan(0);
    expect(hostInfo.runtimeGauges()["runtime.alloc_bytes"]).toBeGreaterThan(0);
  });
});

describe("the log", () => {
  it("can be followed at a level of one's own, as text or JSON, until it is left", () => {
    const written: string[] = [];
    const logger = createLogger("warn", (line) => written.push(line));
    const text: string[] = [];
    const json: string[] = [];
    const leave = logger.follow("debug", false, (line) => text.push(line));
    logger.follow("info", true, (line) => json.push(line));
    logger.log("debug", "agent.http: seen", { path: "/x" });
    logger.log("info", "agent: started", { port: 1 });
    leave();
    logger.log("error", "agent: broken");
    expect(written.length).toBe(1);
    expect(text[0]).toMatch(/\[DEBUG\] agent\.http: seen: path=\/x$/);
    expect(text.length).toBe(2);
    expect(JSON.parse(json[0] ?? "")).toMatchObject({
      "@level": "info",
      "@message": "started",
      "@module": "agent",
      port: 1,
    });
    expect(json.length).toBe(2);
    expect(JSON.parse(logJson(new Date(0), "warn", "loose words"))["@message"]).toBe("loose words");
  });
});

describe("packets", () => {
  it("arrive at the address", async () => {
    const socket = createSocket("udp4");
    const port = await new Promise<number>((resolve) =>
      socket.bind(0, "127.0.0.1", () => resolve(socket.address().port)),
    );
    const arrived = new Promise<string>((resolve) =>
      socket.once("message", (bytes) => resolve(bytes.toString())),
    );
    sendPacket(`127.0.0.1:${port}`, "a:1|c\n");
    expect(await arrived).toBe("a:1|c\n");
    socket.close();
  });
});
