// The LAN pool as the agent's configuration wants it: Consul's tags and admission rules, keys, and whom to join.

import type { Result } from "../../shared/base/result.ts";
import { fail, ok } from "../../shared/base/result.ts";
import type { AdmissionPolicy } from "../../shared/gossip/config.ts";
import { rejoinText } from "../../shared/serf/rejoin.ts";
import type { Keyring } from "../../shared/structs/keyring.ts";
import type { Member } from "../../shared/structs/members.ts";
import { type GossipFraming, noLabel } from "../../shared/wire/gossip-packets.ts";
import { decodeTags } from "../../shared/wire/serf-payloads.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import { selfMember } from "../local/node.ts";
import type { AgentPorts } from "../ports.ts";
import { createLanPool, type LanPool } from "./lan-pool.ts";
import { createRejoinWriter, loadKeyring, loadRejoin, saveKeyring } from "./pool-files.ts";
import { startRetryJoin } from "./retry-join.ts";

export type AgentPool = LanPool & {
  /** Joins what the configuration names; `ended` when the agent cannot go on without. */
  start(ended: (why: string) => void): void;
};

/** Null when this agent does not gossip. `tellKeys` hears of the keys at once, and when they change. */
export function createAgentPool(
  config: RuntimeConfig,
  ports: AgentPorts,
  tellKeys: (keyring: Keyring) => void = () => {},
): AgentPool | null {
  const { gossip } = config;
  const { gossipNetwork: network, gossipCipher: cipher } = ports;
  if (gossip === null || network === undefined || cipher === undefined) return null;
  const { files, log } = ports;
  const keeps = config.dataDir !== "";
  const keepsKeys = keeps && !gossip.disableKeyringFile;
  const keyring = loadKeyring({ encrypt: gossip.encrypt, keeps: keepsKeys }, files, log);
  if (keyring.ok) tellKeys(keyring.value);
  const framing: GossipFraming = {
    label: noLabel,
    keyring: keyring.ok ? keyring.value : [],
    verifyIncoming: gossip.verifyIncoming,
    verifyOutgoing: gossip.verifyOutgoing,
    compress: true,
    cipher,
  };
  const rejoin = keeps ? loadRejoin(files, gossip.rejoinAfterLeave) : null;
  const self = selfMember(config, 1);
  const pool = createLanPool({
    name: config.nodeName,
    tags: self.Tags,
    versions: versionsOf(self),
    bindHost: gossip.bindHost,
    advertiseHost: config.advertiseAddr,
    port: config.serfLanPort,
    profile: gossip.profile,
    framing,
    admit: consulAdmission(config),
    serf: { reconnectTimeoutMillis: gossip.reconnectTimeoutMillis },
    clocks: rejoin?.clocks ?? null,
    keyringChanged(changed) {
      if (keepsKeys) saveKeyring(changed, files);
      tellKeys(changed);
    },
    remember() {
      if (keeps) writer.changed();
    },
    ports,
    network,
  });
  const writer = createRejoinWriter(files, ports.timers, () => {
    const state = pool.serf()?.state;
    return state === undefined ? null : { text: rejoinText(state), members: state.members.size };
  });
  let stopRetry: () => void = () => {};
  return {
    ...pool,
    async open() {
      return keyring.ok ? pool.open() : fail(keyring.error);
    },
    start(ended) {
      if (gossip.startJoin.length > 0) void joinOnce(pool, gossip.startJoin, ports, ended);
      void joinKnown(pool, rejoin?.nodes ?? [], ports);
      stopRetry = startRetryJoin(
        {
          addresses: gossip.retryJoin,
          intervalMillis: gossip.retryIntervalMillis,
          triesMax: gossip.retryMax,
        },
        (addresses) => pool.join(addresses),
        ports,
        () => ended("no agent of retry_join could be joined, and retry_max is used up"),
      );
    },
    async leave() {
      stopRetry();
      await pool.leave();
      writer.flush();
    },
    async stop() {
      stopRetry();
      writer.flush();
      await pool.stop();
    },
  };
}

/** After a restart: one of those that the last life knew is enough. What was fired meanwhile is heard, as with serf. */
async function joinKnown(
  pool: LanPool,
  known: readonly { readonly name: string; readonly address: string }[],
  ports: Pick<AgentPorts, "log" | "entropy">,
): Promise<void> {
  const shuffled = known
    .map((node) => ({ node, place: ports.entropy.random() }))
    .sort((a, b) => a.place - b.place);
  for (const { node } of shuffled) {
    const { joined } = await pool.join([node.address], true);
    if (joined === 0) continue;
    ports.log("info", "agent.serf.lan: serf: Re-joined to previously known node", { node: node.name });
    return;
  }
  if (known.length > 0)
    ports.log("warn", "agent.serf.lan: serf: Failed to re-join any previously known node");
}

async function joinOnce(
  pool: LanPool,
  addresses: readonly string[],
  ports: Pick<AgentPorts, "log">,
  ended: (why: string) => void,
): Promise<void> {
  const { joined, errors } = await pool.join(addresses);
  if (joined > 0) ports.log("info", "agent: (LAN) joined", { number_of_nodes: joined });
  else ended(`Failed to join the cluster: ${errors.join("; ")}`);
}

function versionsOf(self: Member): Uint8Array {
  const { ProtocolMin, ProtocolMax, ProtocolCur, DelegateMin, DelegateMax, DelegateCur } = self;
  return Uint8Array.of(ProtocolMin, ProtocolMax, ProtocolCur, DelegateMin, DelegateMax, DelegateCur);
}

type Claim = { readonly name: string; readonly meta: Uint8Array };

/** Who may be in Consul's LAN pool (reference section 13.2). A member without a role is nobody's business. */
export function consulAdmission(config: {
  readonly nodeName: string;
  readonly nodeId: string;
  readonly datacenter: string;
}): AdmissionPolicy {
  function check({ name, meta }: Claim): string | null {
    const tags = decodeTags(meta);
    const role = tags.get("role");
    if (name !== config.nodeName && tags.get("id") === config.nodeId && config.nodeId !== "")
      return `Member '${name}' has conflicting node ID '${config.nodeId}' with this agent's ID`;
    if (role !== "node" && role !== "consul") return null;
    const dc = tags.get("dc") ?? "";
    if (dc !== config.datacenter) return `Member '${name}' part of wrong datacenter '${dc}'`;
    const segment = tags.get("segment") ?? "";
    return segment === "" ? null : `Member '${name}' part of wrong segment '${segment}' (expected '')`;
  }

  return {
    member: (alive) =>
      alive.versions.length < 6
        ? `Member '${alive.node}' says no versions`
        : check({ name: alive.node, meta: alive.meta }),
    merge(nodes) {
      const byId = new Map<string, string>();
      for (const node of nodes) {
        const refusal = check(node);
        if (refusal !== null) return refusal;
        const id = decodeTags(node.meta).get("id") ?? "";
        const other = byId.get(id);
        if (id !== "" && other !== undefined && other !== node.name)
          return `Member '${node.name}' has conflicting node ID '${id}' with member '${other}'`;
        byId.set(id, node.name);
      }
      return null;
    },
  };
}

/** Opens the pool, or, where nobody depends on it, says that this agent is alone. */
export async function openAgentPool(
  pool: AgentPool | null,
  isDev: boolean,
  ports: Pick<AgentPorts, "log">,
): Promise<Result<void, string>> {
  if (pool === null) return ok(undefined);
  const opened = await pool.open();
  if (opened.ok || !isDev) return opened;
  ports.log("warn", `${opened.error}; no other agent can join this one`);
  return ok(undefined);
}
