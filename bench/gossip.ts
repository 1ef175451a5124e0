// `npm run bench:gossip [-- --members 100,1000] [--seconds 60] [--host 127.0.6.200]`: one real agent in a pool whose
// other members answer from this process: what gossip costs an agent in processor, memory and bytes. One member of the
// pool changes its tags each second, so that there is something to pass on.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { GossipDoor } from "../agent/ports.ts";
import { gossipCipher } from "../agent/runtime/gossip-cipher.ts";
import { gossipNetwork } from "../agent/runtime/gossip-network.ts";
import { parseIpBytes } from "../shared/base/ip.ts";
import type { GossipAddress, PacketMessage, PushPullNode } from "../shared/gossip/types.ts";
import { type GossipFraming, noLabel, openPacket, sealPacket } from "../shared/wire/gossip-packets.ts";
import { createStreamReader, sealStream } from "../shared/wire/gossip-streams.ts";
import { encodeAckPayload, encodeTags } from "../shared/wire/serf-payloads.ts";

const { values } = parseArgs({
  options: {
    members: { type: "string", default: "100,1000" },
    seconds: { type: "string", default: "60" },
    host: { type: "string", default: "127.0.6.200" },
    port: { type: "string", default: "23100" },
  },
});
const framing: GossipFraming = {
  label: noLabel,
  keyring: [],
  verifyIncoming: true,
  verifyOutgoing: true,
  compress: true,
  cipher: gossipCipher,
};
const network = gossipNetwork(() => {});
const payload = encodeAckPayload({
  Vec: [0, 0, 0, 0, 0, 0, 0, 0],
  Error: 1.5,
  Adjustment: 0,
  Height: 0.00001,
});
const gossipTicksPerSecond = 5;
const gossipNodes = 3;

type Peer = {
  readonly name: string;
  readonly address: GossipAddress;
  readonly door: GossipDoor;
  incarnation: number;
};

/** The others: they answer pings and state exchanges, probe the agent as often as real ones would, and gossip to it. */
class Peers {
  readonly all: Peer[] = [];
  bytesToAgent = 0;
  bytesFromAgent = 0;
  #sequence = 0;

  async open(count: number, host: string, firstPort: number): Promise<void> {
    const ip = parseIpBytes(host);
    if (ip === null) throw new Error(`${host} is no address`);
    for (let at = 0; at < count; at += 1) {
      const ports = 300;
      const last = (ip[3] ?? 0) + Math.floor(at / ports);
      const address = {
        ip: Uint8Array.of(ip[0] ?? 0, ip[1] ?? 0, ip[2] ?? 0, last),
        port: firstPort + (at % ports),
      };
      const door = await this.#door(`peer-${at}`, address);
      this.all.push({ name: `peer-${at}`, address, door, incarnation: 1 });
    }
  }

  async #door(name: string, address: GossipAddress): Promise<GossipDoor> {
    let door: GossipDoor | null = null;
    const opened = await network.open({
      host: address.ip.join("."),
      port: address.port,
      packet: (datagram, from) => {
        this.bytesFromAgent += datagram.length;
        const packet = openPacket(datagram, framing);
        if (!packet.ok || door === null) return;
        for (const message of packet.value.messages) {
          if (message.kind === "ping")
            this.#send(door, from, [{ kind: "ack", sequence: message.sequence, payload }]);
        }
      },
      accepted: (stream) => {
        const reader = createStreamReader(framing, "dialler");
        return {
          data: (chunk) => {
            this.bytesFromAgent += chunk.length;
            const progress = reader.read(chunk);
            if (progress.kind !== "message" || progress.message.kind !== "pushPull") return;
            const answer = sealStream(this.state(), framing, "acceptor");
            this.bytesToAgent += answer.length;
            stream.write(answer);
            stream.end();
          },
          closed: () => {},
        };
      },
    });
    if (!opened.ok) throw new Error(`${name}: ${opened.error}`);
    door = opened.value;
    return door;
  }

  state() {
    const nodes = this.all.map((peer): PushPullNode => {
      const { name, incarnation, address } = peer;
      return { name, address, meta: tagsOf(peer), incarnation, state: "alive", versions };
    });
    return { kind: "pushPull" as const, join: false, nodes, userState: new Uint8Array(0) };
  }

  /** One second of the life of a pool, as the agent sees it. */
  second(agent: GossipAddress): void {
    const changed = this.#pick();
    changed.incarnation += 1;
    const { name: node, address, incarnation } = changed;
    const news: PacketMessage = {
      kind: "alive",
      node,
      incarnation,
      address,
      meta: tagsOf(changed),
      versions,
    };
    const prober = this.#pick();
    this.#sequence += 1;
    const source = { node: prober.name, address: prober.address };
    this.#send(prober.door, agent, [{ kind: "ping", sequence: this.#sequence, node: "agent", source }]);
    // Each member sends to three others each tick while it has news, so each receives as much.
    for (let times = 0; times < gossipTicksPerSecond * gossipNodes; times += 1)
      setTimeout(() => this.#send(this.#pick().door, agent, [news]), (times * 1_000) / 15);
  }

  #pick(): Peer {
    const peer = this.all[Math.floor(Math.random() * this.all.length)];
    if (peer === undefined) throw new Error("no peers");
    return peer;
  }

  #send(door: GossipDoor, to: GossipAddress, messages: readonly PacketMessage[]): void {
    for (const datagram of sealPacket(messages, true, framing)) {
      this.bytesToAgent += datagram.length;
      door.send(to, datagram);
    }
  }
}

const versions = Uint8Array.of(1, 5, 2, 2, 5, 4);

function tagsOf({ name, incarnation }: Peer): Uint8Array {
  const id = `00000000-0000-4000-8000-${name.slice(5).padStart(12, "0")}`;
  const tags = {
    role: "node",
    dc: "dc1",
    id,
    segment: "",
    vsn: "2",
    vsn_min: "2",
    vsn_max: "3",
    build: "1.8.7:",
    acls: "0",
  };
  return encodeTags(new Map(Object.entries({ ...tags, n: String(incarnation) })));
}

/** Processor time of a process so far, in milliseconds, and the memory that it holds: all, and its share of it. */
function usage(pid: number) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  const memory = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const bytes = (what: string) => Number(new RegExp(`^${what}:\\s+(\\d+) kB`, "m").exec(memory)?.[1]) * 1024;
  return { cpuMillis: (ticks * 1_000) / ticksPerSecond, resident: bytes("Rss"), share: bytes("Pss") };
}

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

function startAgent(host: string, port: number, directory: string, join_: string): ChildProcess {
  const legate = join(import.meta.dirname, "../agent/bin/legate");
  const ports = [`-serf-lan-port=${port}`, `-http-port=${port + 1}`, `-dns-port=${port + 2}`];
  const words = [
    "-node=agent",
    `-bind=${host}`,
    `-client=${host}`,
    `-data-dir=${directory}`,
    `-retry-join=${join_}`,
  ];
  const servers = ["-edge-url=http://127.0.0.1:9", "-edge-token=none", "-log-level=error"];
  return spawn(legate, ["agent", ...words, ...ports, ...servers], { stdio: ["ignore", "ignore", "inherit"] });
}

async function measure(members: number): Promise<void> {
  const { host } = values;
  const port = Number(values.port);
  const agent = { ip: parseIpBytes(host) ?? new Uint8Array(0), port };
  const directory = mkdtempSync(join(tmpdir(), "legate-bench-gossip-"));
  const peers = new Peers();
  await peers.open(
    members - 1,
    host.replace(/\d+$/, (last) => String(Number(last) + 1)),
    port,
  );
  const first = peers.all[0]?.address;
  const child = startAgent(host, port, directory, `${first?.ip.join(".")}:${first?.port}`);
  const pid = child.pid ?? 0;
  const life = setInterval(() => peers.second(agent), 1_000);
  await pause(12_000); // started, joined, warm
  const reply = await fetch(`http://${host}:${port + 1}/v1/agent/members`);
  const seen = (await reply.json()) as { Status: number }[];
  const before = { ...usage(pid), to: peers.bytesToAgent, from: peers.bytesFromAgent };
  const seconds = Number(values.seconds);
  await pause(seconds * 1_000);
  const after = usage(pid);
  const perSecond = (bytes: number) => `${(bytes / seconds / 1_000).toFixed(2)} kB/s`;
  console.log(
    [
      `${members} members (${seen.filter(({ Status }) => Status === 1).length} alive as the agent sees it):`,
      `processor ${((100 * (after.cpuMillis - before.cpuMillis)) / (seconds * 1_000)).toFixed(2)} % of a core,`,
      `memory ${(after.resident / 1e6).toFixed(0)} MB (${(after.share / 1e6).toFixed(0)} MB without what it shares),`,
      `in ${perSecond(peers.bytesToAgent - before.to)}, out ${perSecond(peers.bytesFromAgent - before.from)}`,
    ].join(" "),
  );
  clearInterval(life);
  child.kill("SIGKILL");
  await Promise.all(peers.all.map((peer) => peer.door.close()));
  rmSync(directory, { recursive: true, force: true });
}

for (const members of values.members.split(",")) await measure(Number(members));
