// node test/sim/gossip/attack-agent.ts [--minutes 10] [--seed 1] [--host 127.0.80.130] [--port 22700]: attacks two real
// agents (plain and encrypted, the attacker has the key) for so long over UDP and TCP: captured packets cut and flipped,
// generated ones, bombs, state exchanges in pieces, announced lengths that never come, connections that say nothing.
// Prints what was sent and the agents' memory; in the end each must answer HTTP and see a newcomer.

import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bytesToBase64 } from "../../../shared/base/base64.ts";
import { concatBytes } from "../../../shared/base/bytes.ts";
import { encodeMsgpack } from "../../../shared/wire/gossip-msgpack.ts";
import { compress, sealPacket } from "../../../shared/wire/gossip-packets.ts";
import { sealStream } from "../../../shared/wire/gossip-streams.ts";
import { encodeSerfMessage } from "../../../shared/wire/serf-messages.ts";
import { framingWith } from "../../support/gossip-framing.ts";
import { fromHex, gossipVectors } from "../../support/gossip-vectors.ts";
import { eventually, type Running, scratch, startLegate } from "../../support/legate-process.ts";
import { type Dice, seededDice } from "../clock.ts";
import { attackKey } from "./attack.ts";
import { generatedMessage, generatedSerfMessage } from "./generated-messages.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    host: { type: "string", default: "127.0.80.130" },
    port: { type: "string", default: "22700" },
  },
});
const port = Number(values.port);
const dice: Dice = seededDice(Number(values.seed));
const socket = createSocket("udp4");
const sent = { packets: 0, streams: 0 };
let openStreams = 0;
const streamsMax = 300; // more than an agent takes at once

type Victim = {
  readonly name: string;
  readonly host: string;
  readonly keyring: readonly Uint8Array[];
  process: Running;
  largestBytes: number;
};

const directory = scratch("attack");

function start(name: string, host: string, keyring: readonly Uint8Array[], join = ""): Running {
  const key = keyring[0] === undefined ? [] : [`-encrypt=${bytesToBase64(keyring[0])}`];
  const place = [`-bind=${host}`, `-client=${host}`, `-data-dir=${directory.path}/${name}`];
  const ports = [`-serf-lan-port=${port}`, `-http-port=${port + 1}`, "-dns-port=-1"];
  const servers = ["-edge-url=http://127.0.0.1:9", "-edge-token=none", "-log-level=error"];
  const joins = join === "" ? [] : [`-retry-join=${join}:${port}`, "-retry-interval=1s"];
  return startLegate(["agent", `-node=${name}`, ...place, ...ports, ...servers, ...key, ...joins]);
}

function residentBytes({ process }: Victim): number {
  const { child } = process;
  if (child.exitCode !== null) throw new Error(`the agent has ended: ${process.output().slice(-500)}`);
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024;
}

function packet(victim: Victim, bytes: Uint8Array): void {
  sent.packets += 1;
  socket.send(bytes, port, victim.host, () => {});
}

/** In one piece, in crumbs, or without its end; some are left open. */
function stream(victim: Victim, bytes: Uint8Array): void {
  if (openStreams >= streamsMax) return;
  sent.streams += 1;
  openStreams += 1;
  const way = dice.between(0, 3);
  const end = way === 2 ? dice.between(0, bytes.length) : bytes.length;
  const connection = connect(port, victim.host, () => {
    if (way !== 1) connection.write(bytes.subarray(0, end));
    else
      for (let at = 0; at < bytes.length; at += 700)
        setTimeout(() => connection.writable && connection.write(bytes.subarray(at, at + 700)), at / 50);
    setTimeout(() => connection.destroy(), way === 3 ? 4_000 : 200 + bytes.length / 50);
  });
  connection.on("error", () => {});
  connection.on("data", () => {});
  connection.on("close", () => {
    openStreams -= 1;
  });
}

/** Some bits turned, or an end cut off. */
function mutated(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice(0, dice.chance(0.3) ? dice.between(1, bytes.length) : bytes.length);
  for (let times = dice.between(0, 4); times > 0; times -= 1) {
    const place = dice.between(0, copy.length - 1);
    copy[place] = (copy[place] ?? 0) ^ (1 << dice.between(0, 7));
  }
  return copy;
}

function bomb(): Uint8Array {
  let message: Uint8Array = new Uint8Array(dice.pick([1_000, 200_000, 2_000_000])).fill(8);
  for (let times = dice.between(1, 6); times > 0; times -= 1) message = compress(message);
  return message.slice(0, 60_000);
}

function pushPull(victim: Victim): Uint8Array {
  const nodes = Array.from({ length: dice.between(0, 200) }, () => ({
    name: dice.pick([victim.name, "ghost", `g${dice.between(0, 2_000)}`, "", "x".repeat(300)]),
    address: { ip: Uint8Array.of(127, 0, 80, dice.between(1, 255)), port },
    meta: new Uint8Array(dice.between(0, 600)),
    incarnation: dice.pick([0, 1, 2, 7, 0xffff_ffff]),
    state: dice.pick(["alive", "suspect", "dead", "left"] as const),
    versions: Uint8Array.of(1, 5, 2, 2, 5, dice.pick([4, 5, 9])),
  }));
  const userState = encodeSerfMessage(generatedSerfMessage(dice, "pushPull"));
  const message = { kind: "pushPull" as const, join: dice.chance(0.5), nodes, userState };
  return sealStream(message, framingWith(victim.keyring, { compress: dice.chance(0.5) }), "dialler");
}

/** Fields that no message has, by names that every JavaScript object has. */
function strangeKeys(): Uint8Array {
  const inherited = [...Object.getOwnPropertyNames(Object.prototype), "then", "length", "SeqNo", "Node"];
  const fields = Array.from({ length: dice.between(1, 4) }, () => [dice.pick(inherited), 5] as const);
  return concatBytes([Uint8Array.of(dice.between(0, 13)), encodeMsgpack(new Map(fields))]);
}

/** A header that promises up to four gigabytes. */
function promise(): Uint8Array {
  const bytes = Uint8Array.from({ length: 40 }, () => dice.between(0, 255));
  bytes[0] = dice.pick([10, 6, 9, 244]);
  return bytes;
}

const captured = gossipVectors.flatMap(({ hex, transport }) =>
  transport === "udp" || transport === "tcp" ? [{ bytes: fromHex(hex), transport }] : [],
);

function attack(victim: Victim): void {
  const kind = dice.between(0, 12);
  if (kind === 0) packet(victim, bomb());
  else if (kind === 1) stream(victim, bomb());
  else if (kind === 2) stream(victim, pushPull(victim));
  else if (kind === 3) stream(victim, mutated(pushPull(victim)));
  else if (kind === 4) stream(victim, promise());
  else if (kind === 5) (dice.chance(0.5) ? packet : stream)(victim, strangeKeys());
  else if (kind <= 8) {
    const vector = dice.pick(captured);
    if (vector.transport === "udp") packet(victim, mutated(vector.bytes));
    else stream(victim, mutated(vector.bytes));
  } else {
    const messages = Array.from({ length: dice.between(1, 4) }, () => generatedMessage(dice));
    for (const datagram of sealPacket(messages, dice.chance(0.5), framingWith(victim.keyring)))
      packet(victim, datagram);
  }
}

async function main(): Promise<void> {
  const [base = "", last = "0"] = values.host.split(/\.(?=\d+$)/);
  const victims = [[], [attackKey]].map((keyring, at): Victim => {
    const [name, host] = [`v${at}`, `${base}.${Number(last) + at}`];
    return { name, host, keyring, process: start(name, host, keyring), largestBytes: 0 };
  });
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  const end = Date.now() + Number(values.minutes) * 60_000;
  for (let minute = Date.now(); Date.now() < end; ) {
    for (const victim of victims) for (let times = 0; times < 10; times += 1) attack(victim);
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const victim of victims) victim.largestBytes = Math.max(victim.largestBytes, residentBytes(victim));
    if (Date.now() - minute < 60_000) continue;
    minute = Date.now();
    const memory = victims.map((victim) => `${(residentBytes(victim) / 1e6).toFixed(0)} MB`).join(", ");
    console.log(`${sent.packets} packets, ${sent.streams} streams; memory ${memory}`);
  }
  for (const [at, victim] of victims.entries()) {
    const { name, host, keyring } = victim;
    const newcomer = start(`n${at}`, `${base}.${Number(last) + 10 + at}`, keyring, host);
    const seen = await eventually(`${name} sees the newcomer`, 120_000, async () => {
      const reply = await fetch(`http://${host}:${port + 1}/v1/agent/members`);
      const members = (await reply.json()) as { Name: string; Status: number }[];
      return members.some(({ Name, Status }) => Name === `n${at}` && Status === 1) ? members : undefined;
    });
    const self = (await (await fetch(`http://${host}:${port + 1}/v1/agent/self`)).json()) as {
      Stats: Record<string, Record<string, string>>;
    };
    const memory = `largest memory ${(victim.largestBytes / 1e6).toFixed(0)} MB`;
    console.log(`${name}: ${memory}, ${seen.length} members`, JSON.stringify(self.Stats.serf_lan));
    await newcomer.stop("SIGKILL");
    await victim.process.stop("SIGKILL");
  }
  socket.close();
  directory.remove();
}

await main();
process.exit(0);
