// Gossip networks of several agents in memory, on virtual time: datagrams and streams take a millisecond; a host can be
// cut off.

import type {
  GossipDoor,
  GossipDoorOptions,
  GossipNetwork,
  GossipStream,
  GossipStreamEvents,
} from "../../../agent/ports.ts";
import { createLanPool, type LanPool, type LanPoolOptions } from "../../../agent/gossip/lan-pool.ts";
import { gossipCipher } from "../../../agent/runtime/gossip-cipher.ts";
import { formatIp, parseIpBytes } from "../../../shared/base/ip.ts";
import { ok, fail } from "../../../shared/base/result.ts";
import { admitAll, lanProfile } from "../../../shared/gossip/config.ts";
import type { GossipAddress } from "../../../shared/gossip/types.ts";
import type { GossipKey } from "../../../shared/structs/keyring.ts";
import { noLabel } from "../../../shared/wire/gossip-packets.ts";
import { VirtualWorld } from "../rpc/virtual-world.ts";

export class GossipWorld extends VirtualWorld {
  readonly names = new Map<string, readonly string[]>();
  readonly cut = new Set<string>();
  /** Every datagram that was sent. */
  readonly datagrams: Uint8Array[] = [];
  dials = 0;
  readonly #doors = new Map<string, GossipDoorOptions>();

  network(host: string): GossipNetwork {
    return {
      monotonic: () => this.now,
      resolve: async (name) => {
        const found = this.names.get(name);
        if (found === undefined) return fail(`lookup ${name}: no such host`);
        return ok(found.map((text) => parseIpBytes(text) ?? new Uint8Array(0)));
      },
      open: async (options) => ok(this.#open(host, options)),
    };
  }

  #open(host: string, options: GossipDoorOptions): GossipDoor {
    const self: GossipAddress = { ip: parseIpBytes(host) ?? new Uint8Array(0), port: options.port };
    const key = `${host}:${options.port}`;
    this.#doors.set(key, options);
    return {
      port: options.port,
      send: (to, datagram) => {
        this.datagrams.push(datagram);
        const target = formatIp(to.ip);
        this.ports.timers.after(1, () => {
          if (this.cut.has(host) || this.cut.has(target)) return;
          this.#doors.get(`${target}:${to.port}`)?.packet(datagram, self);
        });
      },
      dial: (to, events) => this.#dial(host, self, to, events),
      close: async () => void this.#doors.delete(key),
    };
  }

  #dial(host: string, self: GossipAddress, to: GossipAddress, events: GossipStreamEvents): GossipStream {
    this.dials += 1;
    const target = formatIp(to.ip);
    const place = `${target}:${to.port}`;
    const accepting = this.cut.has(host) || this.cut.has(target) ? undefined : this.#doors.get(place);
    const ends: { other: GossipStreamEvents | null } = { other: null };
    let isOpen = true;
    const close = (reason: string): void => {
      if (!isOpen) return;
      isOpen = false;
      this.ports.timers.after(1, () => {
        events.closed(reason);
        ends.other?.closed("");
      });
    };
    const pass = (pick: () => GossipStreamEvents | null) => (bytes: Uint8Array) =>
      void this.ports.timers.after(1, () => pick()?.data(bytes));
    if (accepting === undefined) {
      close(
        this.cut.has(host) || this.cut.has(target)
          ? "i/o timeout"
          : `dial tcp ${place}: connect: connection refused`,
      );
    } else {
      const end = () => close("");
      ends.other = accepting.accepted({ peer: self, write: pass(() => events), end, destroy: end });
    }
    return { peer: to, write: pass(() => ends.other), end: () => {}, destroy: () => close("") };
  }

  /** A pool on this host, open. */
  async pool(
    name: string,
    host: string,
    change: Partial<LanPoolOptions> & { key?: GossipKey } = {},
  ): Promise<LanPool> {
    const pool = createLanPool({
      name,
      tags: { role: "node", dc: "dc1" },
      versions: Uint8Array.of(1, 5, 2, 2, 5, 4),
      bindHost: host,
      advertiseHost: host,
      port: 8301,
      profile: lanProfile,
      framing: {
        label: noLabel,
        keyring: change.key === undefined ? [] : [change.key],
        verifyIncoming: true,
        verifyOutgoing: true,
        compress: true,
        cipher: gossipCipher,
      },
      admit: admitAll,
      ports: this.ports,
      network: this.network(host),
      ...change,
    });
    const opened = await pool.open();
    if (!opened.ok) throw new Error(opened.error);
    return pool;
  }
}

/** What a pool shows: names and numbers of statuses. */
export function shown(pool: LanPool): Record<string, number> {
  return Object.fromEntries(pool.members().map(({ Name, Status }) => [Name, Status]));
}
