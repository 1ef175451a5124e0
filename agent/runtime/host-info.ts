// What Linux (and, with fewer details, any system that Node runs on) says about the host, in the shape of
// /v1/agent/host; and this process's own numbers under Consul's names of runtime gauges.

import { readdirSync, readFileSync, statfsSync } from "node:fs";
import { arch, cpus, freemem, hostname, platform, release, totalmem, uptime } from "node:os";
import { performance } from "node:perf_hooks";
import type { HostInfo } from "../ports.ts";

export const hostInfo: HostInfo = {
  hostname: hostname(),
  describe: () => ({
    Memory: memory(),
    CPU: cpus().map((cpu, at) => ({
      cpu: at,
      vendorId: "",
      family: "",
      model: "",
      stepping: 0,
      physicalId: "",
      coreId: String(at),
      cores: 1,
      modelName: cpu.model,
      mhz: cpu.speed,
      cacheSize: 0,
      flags: [],
      microcode: "",
    })),
    Host: host(),
    Disk: disk("/"),
    CollectionTime: Date.now() * 1_000_000,
    Errors: null,
  }),
  runtimeGauges() {
    const { heapUsed, heapTotal, rss } = process.memoryUsage();
    return {
      "runtime.alloc_bytes": heapUsed,
      "runtime.heap_bytes": heapTotal,
      "runtime.sys_bytes": rss,
      "runtime.event_loop_utilization": performance.eventLoopUtilization().utilization,
    };
  },
};

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Consul's names of what /proc/meminfo says besides. */
const moreMemory: Readonly<Record<string, string>> = {
  wired: "",
  laundry: "",
  writeback: "Writeback",
  writebacktmp: "WritebackTmp",
  sreclaimable: "SReclaimable",
  sunreclaim: "SUnreclaim",
  pagetables: "PageTables",
  swapcached: "SwapCached",
  commitlimit: "CommitLimit",
  committedas: "Committed_AS",
  hightotal: "HighTotal",
  highfree: "HighFree",
  lowtotal: "LowTotal",
  lowfree: "LowFree",
  swaptotal: "SwapTotal",
  swapfree: "SwapFree",
  mapped: "Mapped",
  vmalloctotal: "VmallocTotal",
  vmallocused: "VmallocUsed",
  vmallocchunk: "VmallocChunk",
  hugepagesize: "Hugepagesize",
};

function memory(): Record<string, number> {
  const kilobytes = new Map(
    [...textOf("/proc/meminfo").matchAll(/^(\w+):\s+(\d+)/gm)].map(([, name = "", value]) => [
      name,
      Number(value),
    ]),
  );
  const bytes = (name: string) => (kilobytes.get(name) ?? 0) * 1024;
  const total = totalmem();
  const free = kilobytes.size === 0 ? freemem() : bytes("MemFree");
  const available = kilobytes.size === 0 ? free : bytes("MemAvailable");
  const cached = bytes("Cached") + bytes("SReclaimable");
  const used = total - free - bytes("Buffers") - cached;
  return {
    total,
    available,
    used,
    usedPercent: total === 0 ? 0 : (100 * used) / total,
    free,
    active: bytes("Active"),
    inactive: bytes("Inactive"),
    buffers: bytes("Buffers"),
    cached,
    dirty: bytes("Dirty"),
    shared: bytes("Shmem"),
    slab: bytes("Slab"),
    ...Object.fromEntries(Object.entries(moreMemory).map(([name, key]) => [name, bytes(key)])),
  };
}

function host(): Record<string, string | number> {
  const system = new Map(
    [...textOf("/etc/os-release").matchAll(/^(\w+)="?([^"\n]*)"?$/gm)].map(([, name = "", value = ""]) => [
      name,
      value,
    ]),
  );
  const seconds = Math.floor(uptime());
  return {
    hostname: hostname(),
    uptime: seconds,
    bootTime: Math.floor(Date.now() / 1000) - seconds,
    procs: processCount(),
    os: platform(),
    platform: system.get("ID") ?? platform(),
    platformFamily: system.get("ID_LIKE") ?? system.get("ID") ?? "",
    platformVersion: system.get("VERSION_ID") ?? "",
    kernelVersion: release(),
    kernelArch: arch() === "x64" ? "x86_64" : arch(),
    virtualizationSystem: "",
    virtualizationRole: "",
    hostid: textOf("/sys/class/dmi/id/product_uuid").trim().toLowerCase() || textOf("/etc/machine-id").trim(),
  };
}

function processCount(): number {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}

function disk(path: string): Record<string, string | number> {
  const { bsize, blocks, bavail, bfree, files, ffree } = statfsSync(path);
  const used = (blocks - bfree) * bsize;
  const usable = used + bavail * bsize;
  return {
    path,
    fstype: "",
    total: blocks * bsize,
    free: bavail * bsize,
    used,
    usedPercent: usable === 0 ? 0 : (100 * used) / usable,
    inodesTotal: files,
    inodesUsed: files - ffree,
    inodesFree: ffree,
    inodesUsedPercent: files === 0 ? 0 : (100 * (files - ffree)) / files,
  };
}
