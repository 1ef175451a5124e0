// The LAN pool of this agent: who is in the datacenter, and whether they are alive, by gossip on 8301. It joins the
// membership core and serf above it, opens the port, and finds whom to join.

import { parseIpBytes } from "../../shared/base/ip.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type AdmissionPolicy, gossipConfig, type GossipProfile } from "../../shared/gossip/config.ts";
import { consulSerfDefaults, type SerfConfig, type SerfStart } from "../../shared/serf/state.ts";
import type { SerfEvent } from "../../shared/serf/types.ts";
import type { Keyring } from "../../shared/structs/keyring.ts";
import type { Member } from "../../shared/structs/members.ts";
import { encryptionOverheadBytes } from "../../shared/wire/gossip-encryption.ts";
import type { GossipFraming } from "../../shared/wire/gossip-packets.ts";
import { serfCodec } from "../../shared/wire/serf-codec.ts";
import type { AgentPorts, GossipNetwork } from "../ports.ts";
import { type GossipDriver, openGossip } from "./driver.ts";
import { limitedLog } from "./limited-log.ts";
import { parseJoinAddress } from "./join-address.ts";
import type { JoinOutcome } from "./retry-join.ts";
import { createSerfLayer, type SerfLayer, shownMember } from "./serf-layer.ts";

/** What changed for one member. "failed" stopped answering, "leave" said goodbye, "reap" is forgotten. */
export type PoolEvent = {
  readonly kind: "join" | "leave" | "failed" | "update" | "reap";
  readonly member: Member;
};

export type LanPoolOptions = {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Serf's protocol numbers, [pmin, pmax, pcur, dmin, dmax, dcur]. */
  readonly versions: Uint8Array;
  readonly bindHost: string;
  readonly advertiseHost: string;
  readonly port: number;
  readonly profile: GossipProfile;
  /** How packets are wrapped; its keyring is the one to begin with. */
  readonly framing: GossipFraming;
  readonly admit: AdmissionPolicy;
  /** Where serf's settings differ from Consul's. */
  readonly serf?: Partial<SerfConfig>;
  /** Clocks of an earlier life. */
  readonly clocks?: SerfStart["clocks"];
  /** The keyring has changed: a restart must know it. */
  keyringChanged?(keyring: Keyring): void;
  /** What the rejoin file says has changed. */
  remember?(): void;
  readonly ports: Pick<AgentPorts, "timers" | "log" | "entropy" | "defer">;
  readonly network: GossipNetwork;
};

export type LanPool = {
  /** Opens the port; the error says why it cannot be. */
  open(): Promise<Result<void, string>>;
  /** Push/pull with each address; user events of before are not delivered, unless `withMissed`: those since `clocks`. */
  join(addresses: readonly string[], withMissed?: boolean): Promise<JoinOutcome>;
  /** Leaves in order: tells, says goodbye, and answers pings until that has gone round. */
  leave(): Promise<void>;
  stop(): Promise<void>;
  members(): readonly Member[];
  /** The returned function stops it. */
  onChange(listener: (event: PoolEvent) => void): () => void;
  /** Events other than those of members: user events, queries. The returned function stops it. */
  onEvent(listener: (event: SerfEvent) => void): () => void;
  setTags(tags: Readonly<Record<string, string>>): void;
  /** For telemetry; null before it is open. */
  driver(): GossipDriver | null;
  /** What sits above membership; null before it is open. */
  serf(): SerfLayer | null;
};

const addressesOfNameMax = 32;

/** A pool that is not open yet. */
export function createLanPool(options: LanPoolOptions): LanPool {
  const { ports, network } = options;
  const { log, timers } = ports;
  const limited = limitedLog(log, network.monotonic);
  const listeners = new Set<(event: PoolEvent) => void>();
  const eventListeners = new Set<(event: SerfEvent) => void>();
  let framing = options.framing;
  let driver: GossipDriver | null = null;
  let serf: SerfLayer | null = null;

  function tell(event: PoolEvent): void {
    const { Name: name, Addr: address } = event.member;
    const level = event.kind === "failed" ? "warn" : "info";
    log(level, `agent.serf.lan: serf: EventMember${eventNames[event.kind]}`, { member: name, address });
    for (const listener of [...listeners]) listener(event);
  }

  function onSerfEvent(event: SerfEvent): void {
    if (event.kind === "warning") limited("warn", `agent.serf.lan: serf: ${event.text}`);
    const kind = poolEventOf[event.kind];
    if (kind !== undefined && "member" in event) tell({ kind, member: shownMember(event.member) });
    else for (const listener of [...eventListeners]) listener(event);
  }

  function createSerf(core: GossipDriver, seed: number): SerfLayer {
    const { name, tags, versions, profile } = options;
    const layer = createSerfLayer({
      config: {
        ...consulSerfDefaults,
        gossipIntervalMillis: profile.gossipIntervalMillis,
        name,
        address: core.state.config.address,
        codec: serfCodec,
        ...options.serf,
      },
      start: {
        tags: new Map(Object.entries(tags)),
        versions,
        keyring: framing.keyring,
        clocks: options.clocks ?? null,
        seed,
      },
      core: () => driver,
      monotonic: network.monotonic,
      keyringChanged(keyring) {
        framing = { ...framing, keyring };
        options.keyringChanged?.(keyring);
      },
      remember: () => options.remember?.(),
      timers,
      log,
    });
    layer.onEvent(onSerfEvent);
    return layer;
  }

  return {
    async open() {
      const advertised = parseIpBytes(options.advertiseHost);
      if (advertised === null) return fail(`advertise address ${options.advertiseHost} is no IP address`);
      const { name, versions, profile, admit } = options;
      const seed = Math.floor(ports.entropy.random() * 2 ** 32);
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
            packetOverheadBytes: framing.keyring.length === 0 ? 0 : encryptionOverheadBytes,
          }),
        meta: serfCodec.encodeTags(new Map(Object.entries(options.tags))),
        seed,
        framing: () => framing,
        layer: {
          heard: (events) => serf?.heard(events),
          userState: (join) => serf?.userState(join) ?? new Uint8Array(0),
        },
        network,
        timers,
        defer: ports.defer,
        log,
      });
      if (!opened.ok) return opened;
      driver = opened.value;
      serf = createSerf(driver, seed);
      serf.give({ kind: "started" });
      return ok(undefined);
    },

    async join(addresses, withMissed = false) {
      const errors: string[] = [];
      let joined = 0;
      serf?.give({ kind: "joining", ignoreOldEvents: !withMissed });
      for (const text of addresses) {
        const tries = await joinOne(text);
        const worked = tries.some((one) => one.ok);
        if (worked) joined += 1;
        else errors.push(...tries.flatMap((one) => (one.ok ? [] : [one.error])));
      }
      serf?.give({ kind: "joining", ignoreOldEvents: false });
      if (joined > 0) serf?.give({ kind: "joined" });
      return { joined, errors };
    },

    async leave() {
      await serf?.leave();
    },

    async stop() {
      serf?.close();
      await driver?.close();
    },

    members: () => serf?.members() ?? [],
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onEvent(listener) {
      eventListeners.add(listener);
      return () => void eventListeners.delete(listener);
    },
    setTags(tags) {
      const refused = serf?.give({ kind: "tags", tags: new Map(Object.entries(tags)) }) ?? null;
      if (refused !== null) log("error", "agent.serf.lan: serf: tags were not changed", { error: refused });
    },
    driver: () => driver,
    serf: () => serf,
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

const eventNames = {
  join: "Join",
  leave: "Leave",
  failed: "Failed",
  update: "Update",
  reap: "Reap",
} as const;

const poolEventOf: Readonly<Partial<Record<SerfEvent["kind"], PoolEvent["kind"]>>> = {
  memberJoin: "join",
  memberLeave: "leave",
  memberFailed: "failed",
  memberUpdate: "update",
  memberReap: "reap",
};
