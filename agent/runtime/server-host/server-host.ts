// The server of worker/server in the agent's process (design.md §1): its database in memory for -dev, else in the data
// directory, its peers and agents on port 8300. The agent of this process calls it directly, without a link between.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import type { ServerId } from "../../../shared/raft/types.ts";
import type { Backend } from "../../../shared/rpc/backend.ts";
import type { RpcMethod } from "../../../shared/rpc/methods.ts";
import { serverAddress } from "../../../shared/structs/known-server.ts";
import { consulVersion } from "../../../shared/version.ts";
import type { ServerConfig } from "../../../worker/server/config.ts";
import { hasState } from "../../../worker/server/reads.ts";
import { createServer, type Server } from "../../../worker/server/server.ts";
import type { RuntimeConfig } from "../../config/runtime-config.ts";
import type { Log, OwnServer } from "../../ports.ts";
import type { ServerDirectory } from "../../rpc/server-directory.ts";
import { createHostLinks } from "./agent-links.ts";
import { databaseText, openDatabase } from "./database.ts";
import type { PeerCredentials } from "./peer-proof.ts";
import { createHostPeers } from "./peers.ts";
import { createWake, hostPorts } from "./ports.ts";
import { listenServerPort, type ServerPort } from "./server-port.ts";

export type ServerHostOptions = {
  /** With its node id, which is the server's id. */
  readonly config: RuntimeConfig;
  readonly directory: ServerDirectory;
  /** Base64 secrets that peers and agents must know; empty: none is asked for. */
  secrets(): readonly string[];
  readonly log: Log;
  /** Told of a broken invariant: what is in memory cannot be trusted then, and the process must end. */
  crashed(why: string): void;
};

export type ServerHost = OwnServer & {
  /** Opens port 8300; rejects with Node's error when it cannot be. The port that was taken comes back. */
  listen(): Promise<number>;
};

/** A server that is not started yet; its storage is open. */
export function openServerHost(options: ServerHostOptions): Result<ServerHost, string> {
  const { config, directory, log, crashed } = options;
  const sql = openDatabase(config.dataDir);
  if (!sql.ok) return sql;
  const self = config.nodeId as ServerId;
  let server: Server;
  const wake = createWake(Date.now, () => guard("timer", () => server.wake()));
  const links = createHostLinks();

  function guard<T>(event: string, body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log("error", "server: crashed", { event, error: text });
      crashed(`${event}: ${text}`);
      return undefined;
    }
  }

  const credentials: PeerCredentials = {
    datacenter: config.datacenter,
    id: self,
    secrets: options.secrets,
  };
  const peers = createHostPeers({
    credentials,
    addressOf: (peer) => addressIn(directory, peer),
    answered: (peer, messages) => {
      const more = guard("raft", () => server.handleRaft(messages)) ?? [];
      if (more.length > 0) peers.send(peer, more);
    },
    unreachable: (peer) => void guard("unreachable", () => server.peerUnreachable(peer)),
    log,
  });
  const ports = hostPorts({ sql: sql.value, wake, log, peers, links, directory });
  const guarded = { ...ports, defer: (body: () => void) => ports.defer(() => guard("deferred", body)) };
  try {
    server = createServer(guarded, serverConfig(config));
  } catch (error) {
    sql.value.close();
    peers.close();
    return fail(databaseText(config.dataDir, error));
  }

  let open = true;
  let port: ServerPort | null = null;
  const backend: Backend = {
    call: (method, request, cancellation) =>
      open
        ? server.backend.call(method, request, cancellation)
        : Promise.resolve(fail(serverError("noServers", "the server stops"))),
    stillHolds: (answer) => open && server.backend.stillHolds?.(answer) === true,
  };
  return ok({
    backend,
    async listen() {
      port = await listenServerPort({
        host: config.bindAddr,
        port: config.ownServer?.port ?? 0,
        credentials,
        links,
        log,
        handlers: {
          raft: (_from, messages) => (open ? (guard("raft", () => server.handleRaft(messages)) ?? []) : []),
          // An unknown method is refused by the server itself.
          call: (from, method, request) => server.handleCall(from, method as RpcMethod, request),
          linkOpened: (link) => void guard("link", () => server.linkOpened(link)),
          linkFrame: (link, text) => void guard("link frame", () => server.linkFrame(link, text)),
          linkClosed: (link, reason) => void guard("link closed", () => server.linkClosed(link, reason)),
        },
      });
      return port.port;
    },
    start: () => void guard("start", () => server.start()),
    hasState: () => hasState(server.status()),
    leave: () => leaveGroup(server, config),
    stop() {
      if (!open) return;
      open = false;
      wake.stop();
      peers.close();
      port?.close();
      links.close();
      // What is deferred in this turn still commits; after that nothing reaches the database.
      setImmediate(() => setImmediate(() => sql.value.close()));
    },
  });
}

/** The catalog first: once it is out of the group this server reaches nobody. Alone it has nobody to tell, as in Consul. */
async function leaveGroup(server: Server, config: RuntimeConfig): Promise<boolean> {
  const { servers, bootstrapped } = server.status();
  if (!bootstrapped || servers.filter(({ voter }) => voter).length < 2) return true;
  const deregistration = {
    Datacenter: config.datacenter,
    Node: config.nodeName,
    ServiceID: "",
    CheckID: "",
  };
  const gone = await server.backend.call("Catalog.Deregister", { token: "", deregistration });
  const left = await server.leave();
  return gone.ok && left.ok;
}

/** Where a server is now; one that left may come back under its old address, so every entry counts. */
function addressIn(directory: ServerDirectory, id: ServerId): string | null {
  const known = directory.servers().find((server) => server.id === id);
  return known === undefined ? null : serverAddress(known);
}

function serverConfig(config: RuntimeConfig): ServerConfig {
  const { ownServer: own, performance } = config;
  const id = config.nodeId as ServerId;
  const address = serverAddress({ address: config.advertiseAddr, port: config.ownServer?.port ?? 8300 });
  return {
    datacenter: config.datacenter,
    id,
    // The others are found by gossip, and listed when the group begins or when its leader adds them.
    servers: (own?.bootstrap ?? true) || own?.dev ? [id] : [],
    addressOf: { [id]: address },
    mode: "awake",
    sessionTtlMinMillis: config.sessionTtlMinMillis,
    version: consulVersion,
    raftTimes: raftTimes(performance.raftMultiplier),
    rpcHoldMillis: performance.rpcHoldMillis,
    marksForwarded: true,
    ownAgent: config.nodeName,
    ...(own === null ? {} : { autopilot: own.autopilot, bootstrapExpect: own.bootstrapExpect }),
  };
}

/**
 * Leaders beat faster than at the edge, where a message costs money: autopilot calls a server unhealthy that heard
 * nothing for 200 ms.
 */
function raftTimes(multiplier: number): NonNullable<ServerConfig["raftTimes"]> {
  return {
    heartbeatMillis: 75 * multiplier,
    electionTimeoutMillis: 1_000 * multiplier,
    leaseMillis: 750 * multiplier,
    stirWaitMillis: 300 * multiplier,
  };
}
