// Status: what this server knows about the raft group and the members, answered without asking the leader.

import type { BootstrapView } from "../../../shared/structs/raft-configuration.ts";
import { bootstrapCandidates } from "../bootstrap.ts";
import type { RaftStatus } from "../raft-driver.ts";
import type { Endpoints, LocalContext } from "./endpoint.ts";

function addressOf(context: LocalContext, server: string | null): string {
  if (server === null) return "";
  const known = context.status.servers.find((each) => each.id === server);
  return known === undefined || known.address === "" ? server : known.address;
}

async function leaderOf(context: LocalContext): Promise<string> {
  return addressOf(context, await context.leader());
}

/** As Consul's Stats.raft shows time: "0", "never" or a duration. */
function lastContact(status: RaftStatus): string {
  if (status.role === "leader") return "0";
  return Number.isFinite(status.lastContactMillis) ? `${status.lastContactMillis}ms` : "never";
}

const roleNames = {
  leader: "Leader",
  follower: "Follower",
  candidate: "Candidate",
  preCandidate: "Candidate",
} as const;

/** Go's way of printing it. */
function configurationText({ id, address, voter }: RaftStatus["servers"][number]): string {
  return `{Suffrage:${voter ? "Voter" : "Nonvoter"} ID:${id} Address:${address}}`;
}

function raftStats(context: LocalContext): Readonly<Record<string, string>> {
  const { status } = context;
  return {
    applied_index: String(status.appliedIndex),
    commit_index: String(status.commitIndex),
    fsm_pending: "0",
    last_contact: lastContact(status),
    last_log_index: String(status.lastIndex),
    last_log_term: String(status.lastTerm),
    latest_configuration: `[${status.servers.map(configurationText).join(" ")}]`,
    latest_configuration_index: String(status.configurationIndex),
    num_peers: String(status.numPeers),
    protocol_version: "3",
    protocol_version_max: "3",
    protocol_version_min: "0",
    quiescent: String(status.quiescent),
    snapshot_version_max: "1",
    snapshot_version_min: "0",
    state: roleNames[status.role],
    term: String(status.term),
  };
}

function bootstrapView({ config, directory, status }: LocalContext): BootstrapView {
  return {
    expect: config.bootstrapExpect ?? 0,
    group: status.servers,
    index: status.configurationIndex,
    candidates: bootstrapCandidates(directory.servers(), config).map(({ id }) => id),
  };
}

export const statusEndpoints = {
  "Status.Leader": { kind: "local", run: leaderOf },
  "Status.Peers": {
    kind: "local",
    run: (context) => context.status.servers.map(({ id }) => addressOf(context, id)),
  },
  "Status.RaftStats": {
    kind: "local",
    run: ({ status }) => ({
      lastContactMillis: Number.isFinite(status.lastContactMillis) ? status.lastContactMillis : -1,
      lastTerm: status.lastTerm,
      lastIndex: status.lastIndex,
    }),
  },
  "Status.Bootstrap": { kind: "local", run: bootstrapView },
  "Status.Raft": { kind: "local", run: raftStats },
  "Status.Members": { kind: "local", run: (context) => context.members(context.forPeer) },
} satisfies Partial<Endpoints>;
