// The LAN pool of this agent: who is in the datacenter, and whether they are alive, by gossip on 8301.

import type { Millis } from "../../shared/base/brand.ts";
import { parseIpBytes } from "../../shared/base/ip.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type AdmissionPolicy, gossipConfig, type GossipProfile } from "../../shared/gossip/config.ts";
import type { GossipEvent, Member as GossipMember } from "../../shared/gossip/types.ts";
import type { Member } from "../../shared/structs/members.ts";
import { encryptionOverheadBytes } from "../../shared/wire/gossip-encryption.ts";
import type { GossipFraming } from "../../shared/wire/gossip-packets.ts";
import { encodeTags } from "../../shared/wire/serf-payloads.ts";
import type { AgentPorts, GossipNetwork } from "../ports.ts";
import { type GossipDriver, openGossip } from "./driver.ts";
import { parseJoinAddress } from "./join-address.ts";
import { createMemberLayer, type MemberLayer, type PoolEvent } from "./member-layer.ts";
import type { JoinOutcome } from "./retry-join.ts";

export type LanPoolOptions = {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Serf's protocol numbers, [pmin, pmax, pcur, dmin, dmax, dcur]. */
  readonly versions: Uint8Array;
  readonly bindHost: string;
  readonly advertiseHost: string;
  readonly port: number;
  readonly profile: GossipProfile;
  framing(): GossipFraming;
  readonly admit: AdmissionPolicy;
  readonly ports: Pick<AgentPorts, "timers" | "log" | "entropy" | "defer">;
  readonly network: GossipNetwork;
};

export type LanPool = {
  /** Opens the port; the error says why it cannot be. */
  open(): Promise<Result<void, string>>;
  /** Push/pull with each address. */
  join(addresses: readonly string[]): Promise<JoinOutcome>;
  /** Says goodbye and waits until it was heard, then a moment for it to spread. */
  leave(): Promise<void>;
  stop(): Promise<void>;
  members(): readonly Member[];
  /** The returned function stops it. */
  onChange(listener: (event: PoolEvent) => void): () => void;
  setTags(tags: Readonly<Record<string, string>>): void;
  /** For telemetry; null before it is open. */
  driver(): GossipDriver | null;
};

/** A goodbye that nobody takes is given up after this (serf's BroadcastTimeout). */
const leaveMillisMax: Millis = 5_000;
/** Then pings are answered a little longer, while the goodbye spreads. */
const leavePropagateMillis: Millis = 1_000;
/** A second without a fresh warning of the same kind. */
const addressesOfNameMax = 32;

/** A pool that is not open yet. */
export function createLanPool(options: LanPoolOptions): LanPool {
  const { ports, network } = options;
  const { log, timers } = ports;
  const listeners = new Set<(event: PoolEvent) => void>();
  let driver: GossipDriver | null = null;
  let layer: MemberLayer | null = null;
  let heardGoodbye: () => void = () => {};

  function tell(event: PoolEvent): void {
    const { Name: name, Addr: address } = event.member;
    log("info", `agent.client.serf.lan: serf: EventMember${eventNames[event.kind]}`, {
      member: name,
      address,
    });
    for (const listener of [...listeners]) listener(event);
  }

  function heard(events: readonly GossipEvent[]): void {
    for (const event of events) {
      if (event.kind === "left") heardGoodbye();
      else if (event.kind === "refused") log("warn", "gossip: refused", { reason: event.reason });
      else if (event.kind === "conflict")
        log("error", "gossip: name conflict: two nodes claim one name", { name: event.existing.name });
    }
    layer?.heard(events);
  }

  return {
    async open() {
      const advertised = parseIpBytes(options.advertiseHost);
      if (advertised === null) return fail(`advertise address ${options.advertiseHost} is no IP address`);
      const { name, versions, profile, admit } = options;
      const meta = encodeTags(new Map(Object.entries(options.tags)));
      const opened = await openGossip({
        host: options.bindHost,
        port: options.port,
        config: (port) =>
          gossipConfig(profile, {
            name,
            address: { ip: advertised, port },
            versions,
            admit,
            deadNodeReclaimMillis: 30_000, // Consul's
            packetOverheadBytes: options.framing().keyring.length === 0 ? 0 : encryptionOverheadBytes,
          }),
        meta,
        seed: Math.floor(ports.entropy.random() * 2 ** 32),
        framing: options.framing,
        layer: { heard, userState: (join) => layer?.userState(join) ?? new Uint8Array(0) },
        network,
        timers,
        defer: ports.defer,
        log,
      });
      if (!opened.ok) return opened;
      driver = opened.value;
      const { address } = driver.state.config;
      const self: GossipMember = {
        name,
        address,
        meta,
        versions,
        incarnation: 1,
        state: "alive",
        stateChangedAt: 0,
      };
      layer = createMemberLayer(self, tell);
      return ok(undefined);
    },

    async join(addresses) {
      const errors: string[] = [];
      let joined = 0;
      for (const text of addresses) {
        const tries = await joinOne(text);
        const worked = tries.some((one) => one.ok);
        if (worked) joined += 1;
        else errors.push(...tries.flatMap((one) => (one.ok ? [] : [one.error])));
      }
      return { joined, errors };
    },

    async leave() {
      if (driver === null) return;
      const others = layer?.members().some((member) => member.Status === 1 && member.Name !== options.name);
      await new Promise<void>((resolve) => {
        const stopTimer = timers.after(leaveMillisMax, resolve);
        heardGoodbye = () => {
          stopTimer();
          resolve();
        };
        driver?.give({ kind: "leave" });
      });
      if (others === true)
        await new Promise<void>((resolve) => void timers.after(leavePropagateMillis, resolve));
    },

    async stop() {
      await driver?.close();
    },

    members: () => layer?.members() ?? [],
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    setTags(tags) {
      driver?.give({ kind: "meta", meta: encodeTags(new Map(Object.entries(tags))) });
    },
    driver: () => driver,
  };

  /** A name may stand for several agents: each of its addresses is tried. */
  async function joinOne(text: string): Promise<readonly Result<void, string>[]> {
    if (driver === null) return [fail("gossip is not running")];
    const place = parseJoinAddress(text, options.port);
    if (!place.ok) return [place];
    const { host, port } = place.value;
    const literal = parseIpBytes(host);
    const found = literal === null ? await network.resolve(host) : ok([literal]);
    if (!found.ok) return [fail(`Failed to resolve ${text}: ${found.error}`)];
    const outcomes: Result<void, string>[] = [];
    for (const ip of found.value.slice(0, addressesOfNameMax)) {
      const outcome = await driver.exchange({ ip, port }, true);
      outcomes.push(outcome.ok ? outcome : fail(`Failed to join ${host}: ${outcome.error}`));
    }
    return outcomes;
  }
}

const eventNames = { join: "Join", leave: "Leave", failed: "Failed", update: "Update" } as const;
