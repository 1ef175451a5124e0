import { describe, expect, it } from "vitest";
import {
  createRejoinWriter,
  loadKeyring,
  loadRejoin,
  saveKeyring,
} from "../../../agent/gossip/pool-files.ts";
import { bytesToBase64 } from "../../../shared/base/base64.ts";
import { VirtualWorld } from "../rpc/virtual-world.ts";

const key = (fill: number) => new Uint8Array(32).fill(fill);
const text = (fill: number) => bytesToBase64(key(fill));

describe("the keyring file", () => {
  it("is made from the setting once, and counts more than it from then on", () => {
    const { ports, files, logs } = new VirtualWorld();
    expect(loadKeyring({ encrypt: text(1), keeps: true }, ports.files, ports.log)).toEqual({
      ok: true,
      value: [key(1)],
    });
    expect(JSON.parse(files.get("serf/local.keyring") ?? "")).toEqual([text(1)]);
    saveKeyring([key(2), key(1)], ports.files);
    expect(loadKeyring({ encrypt: text(1), keeps: true }, ports.files, ports.log)).toEqual({
      ok: true,
      value: [key(2), key(1)],
    });
    expect(logs).toEqual([]);
    expect(loadKeyring({ encrypt: text(9), keeps: true }, ports.files, ports.log).ok).toBe(true);
    expect(logs.join()).toContain("does not hold the key");
    expect(loadKeyring({ encrypt: "", keeps: true }, ports.files, ports.log)).toMatchObject({
      ok: true,
      value: [key(2), key(1)],
    });
  });

  it("is neither read nor written when keys are kept in memory alone", () => {
    const { ports, files } = new VirtualWorld();
    loadKeyring({ encrypt: text(1), keeps: false }, ports.files, ports.log);
    expect(files.size).toBe(0);
  });

  it("is refused when it is broken, and so is a key that is none", () => {
    const { ports, files } = new VirtualWorld();
    expect(loadKeyring({ encrypt: "AAAA", keeps: true }, ports.files, ports.log)).toEqual({
      ok: false,
      error: "Invalid encryption key: key size must be 16, 24 or 32 bytes",
    });
    files.set("serf/local.keyring", "{");
    expect(loadKeyring({ encrypt: "", keeps: true }, ports.files, ports.log)).toEqual({
      ok: false,
      error: "serf/local.keyring: the keyring file is not JSON",
    });
  });
});

describe("the rejoin file", () => {
  it("is written once for many changes, and at the end", async () => {
    const world = new VirtualWorld();
    let version = 0;
    const writer = createRejoinWriter(world.ports.files, world.ports.timers, () => ({
      text: `alive: n${version} 1.2.3.4:1\n`,
      members: 3,
    }));
    for (version = 1; version < 5; version++) writer.changed();
    expect(world.files.size).toBe(0);
    await world.advance(600);
    expect(loadRejoin(world.ports.files, false)?.nodes).toEqual([{ name: "n5", address: "1.2.3.4:1" }]);
    version = 9;
    writer.flush();
    expect(loadRejoin(world.ports.files, false)?.nodes[0]?.name).toBe("n5");
    writer.changed();
    writer.flush();
    expect(loadRejoin(world.ports.files, false)?.nodes[0]?.name).toBe("n9");
    expect(loadRejoin(new VirtualWorld().ports.files, false)).toBeNull();
  });
});
