// Machines of a network, each a network namespace of Linux behind one bridge: ip, veth and nft do what cables and
// switches do. Needs root.

import { execFileSync, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { legate, type Running, scratch, watch } from "./legate-process.ts";

/** Whether this machine lets us build networks. */
export function canBuildNetworks(): boolean {
  try {
    execFileSync("ip", ["netns", "list"], { stdio: "ignore" });
    execFileSync("nft", ["--version"], { stdio: "ignore" });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

export type Machine = {
  readonly address: string;
  /** Pulls the cable, or plugs it in again. */
  plug(isIn: boolean): void;
  /** Of what goes out, or comes in, so many percent are lost. */
  lose(direction: "input" | "output", percent: number): void;
  /** Starts `legate` there. */
  legate(...words: string[]): Running;
  /** GET from the agent there. */
  get<T>(path: string): T;
};

export type Network = { readonly machines: readonly Machine[]; remove(): Promise<void> };

/** So many machines, 10.77.0.1 and up. */
export function buildNetwork(count: number): Network {
  const tag = `lg${process.pid % 10_000}`;
  const directory = scratch("namespaces");
  const running: Running[] = [];
  ip("link", "add", `${tag}b`, "type", "bridge");
  ip("link", "set", `${tag}b`, "up");
  const machines = Array.from({ length: count }, (_, at): Machine => {
    const [space, cable, address] = [`${tag}n${at}`, `${tag}v${at}`, `10.77.0.${at + 1}`];
    const inside = (...words: string[]) => ip("netns", "exec", space, ...words);
    ip("netns", "add", space);
    ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space);
    ip("link", "set", cable, "master", `${tag}b`, "up");
    ip("-n", space, "addr", "add", `${address}/24`, "dev", "eth0");
    ip("-n", space, "link", "set", "eth0", "up");
    ip("-n", space, "link", "set", "lo", "up");
    inside("nft", "add", "table", "ip", "t");
    for (const hook of ["input", "output"])
      inside("nft", `add chain ip t ${hook} { type filter hook ${hook} priority 0; }`);
    return {
      address,
      plug: (isIn) => ip("link", "set", cable, isIn ? "up" : "down"),
      lose(direction, percent) {
        inside("nft", "flush", "chain", "ip", "t", direction);
        const side = direction === "input" ? "iifname" : "oifname";
        const share = percent < 100 ? `numgen random mod 100 < ${percent} ` : "";
        if (percent > 0) inside("nft", `add rule ip t ${direction} ${side} eth0 ${share}drop`);
      },
      legate(...words) {
        const data = `-data-dir=${join(directory.path, space)}`;
        const stdio = ["ignore", "pipe", "pipe"] as const;
        const child = spawn("ip", ["netns", "exec", space, legate, ...words, data], { stdio: [...stdio] });
        const one = watch(child);
        running.push(one);
        return one;
      },
      get(path) {
        const url = `http://127.0.0.1:8500${path}`;
        const words = ["netns", "exec", space, "curl", "-sS", "-m", "3", url];
        return JSON.parse(
          execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
        );
      },
    };
  });
  return {
    machines,
    async remove() {
      await Promise.all(running.map((one) => one.stop("SIGKILL")));
      for (let at = 0; at < count; at += 1) ip("netns", "del", `${tag}n${at}`);
      ip("link", "del", `${tag}b`);
      directory.remove();
      rmSync(directory.path, { recursive: true, force: true });
    },
  };
}
