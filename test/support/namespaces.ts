// Machines of a network, each a network namespace of Linux behind one bridge: ip, veth and nft do what cables and
// switches do. Needs root.

import { execFileSync, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { legate, type Running, scratch, watch } from "./legate-process.ts";

/** Null when this machine lets us build networks, else what it does not. A container may have the programs and not the right. */
export function whyNoNetworks(): string | null {
  const space = newTag();
  try {
    ip("netns", "add", space);
  } catch (error) {
    return `no network namespaces (root and iproute2 are needed): ${firstLine(error)}`;
  }
  try {
    ip("link", "add", `${space}b`, "type", "bridge");
    ip("link", "add", `${space}v`, "type", "veth", "peer", "name", "eth0", "netns", space);
    ip("netns", "exec", space, "nft", "add", "table", "ip", "t");
    ip("netns", "exec", space, "nft", "add chain ip t input { type filter hook input priority 0; }");
    ip("netns", "exec", space, "nft", "add rule ip t input numgen random mod 100 < 30 drop");
    return null;
  } catch (error) {
    return `no cables or no rules between them (nftables is needed): ${firstLine(error)}`;
  } finally {
    for (const words of [
      ["link", "del", `${space}v`],
      ["link", "del", `${space}b`],
      ["netns", "del", space],
    ]) {
      try {
        ip(...words);
      } catch {
        // it was not made
      }
    }
  }
}

function firstLine(error: unknown): string {
  return String(error)
    .replace(/^Error: /, "")
    .split("\n")
    .slice(0, 2)
    .join(" ");
}

/** Test files run in threads of one process. */
function newTag(): string {
  return `lg${Math.floor(Math.random() * 1e7).toString(36)}`;
}

function ip(...words: string[]): void {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
}

/** From inside: an agent answers clients on its own loopback address. */
function curl(space: string, path: string, ...more: string[]): string {
  const words = ["netns", "exec", space, "curl", "-sS", "-m", "3", ...more, `http://127.0.0.1:8500${path}`];
  return execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
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
  /** The same, but only the status line and headers. */
  headers(path: string): string;
};

export type Network = { readonly machines: readonly Machine[]; remove(): Promise<void> };

/** So many machines, 10.77.0.1 and up. */
export function buildNetwork(count: number): Network {
  const tag = newTag();
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
      get: (path) => JSON.parse(curl(space, path)),
      headers: (path) => curl(space, path, "-D", "-", "-o", "/dev/null"),
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
