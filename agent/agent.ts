// The agent: builds its parts from a configuration and ports, and starts, reloads, leaves and stops them.
// Called by agent/runtime/run-agent.ts. It works without any server: what is local keeps answering.

import type { HttpReply } from "../shared/api/http.ts";
import { createKeptReplies } from "../shared/api/kept-replies.ts";
import { createRouter, type DoorRequest } from "../shared/api/router.ts";
import { routes } from "../shared/api/routes/index.ts";
import type { ReadCache } from "../shared/api/cached-read.ts";
import { bytesToBase64 } from "../shared/base/base64.ts";
import { ok, type Result } from "../shared/base/result.ts";
import { errorMessage } from "../shared/errors.ts";
import type { Backend } from "../shared/rpc/backend.ts";
import type { EventRow } from "../shared/structs/user-event.ts";
import type { RuntimeConfig } from "./config/runtime-config.ts";
import { type AgentPool, createAgentPool, openAgentPool } from "./gossip/agent-pool.ts";
import { startPoolDuties } from "./gossip/pool-duties.ts";
import { createReadCache } from "./cache/read-cache.ts";
import { gateOf, withConfiguredHeaders } from "./http/access.ts";
import type { AgentContext } from "./http/context.ts";
import { agentRoutes } from "./http/routes/index.ts";
import { leaveBoth } from "./leaving.ts";
import { createAntiEntropy } from "./local/anti-entropy.ts";
import { ensureNodeId, localNode, selfMember } from "./local/node.ts";
import { createPersistence } from "./local/persistence.ts";
import { createRegistrar } from "./local/registrar.ts";
import { createLocalState } from "./local/state.ts";
import type { AgentPorts } from "./ports.ts";
import { serversAmong } from "./rpc/members-to-servers.ts";
import { createServerDirectory } from "./rpc/server-directory.ts";
import { createServers } from "./rpc/servers.ts";
import { createTelemetry } from "./telemetry/telemetry.ts";
import { carryUserEvents } from "./user-events/gossip.ts";
import { createUserEvents } from "./user-events/fire.ts";
import { createRemoteExec, type RemoteExec } from "./user-events/remote-exec.ts";

/** What the process around the agent does for the API; both may be left out (tests). */
export type AgentHooks = {
  /** PUT /v1/agent/reload: read the configuration again and call `Agent.reload`; the text is what is wrong with it. */
  reload?(): Promise<Result<void, string>>;
  /** PUT /v1/agent/leave has left the cluster: the process should end. */
  left?(): void;
  /** The agent cannot go on; the process should end with this. */
  failed?(why: string): void;
};

export type AgentStatus = {
  readonly nodeName: string;
  readonly nodeId: string;
  readonly datacenter: string;
  /** A server is linked right now. */
  readonly linked: boolean;
  /** Name of the linked server, or why there is none. */
  readonly link: string;
  readonly services: number;
  readonly checks: number;
};

export type Agent = {
  readonly backend: Backend;
  /** For dns_config.use_cache. */
  readonly cache: ReadCache;
  /** The configuration in use, its node id filled in. */
  config(): RuntimeConfig;
  /** Null when it does not gossip. */
  readonly pool: AgentPool | null;
  /** Opens the gossip port; the error says why it cannot be. Before `start`. */
  openPool(): Promise<Result<void, string>>;
  start(): void;
  /** Services, checks and node meta of the new configuration; what came in through the API stays. */
  reload(config: RuntimeConfig): void;
  /** Deregisters this node and everything on it, and leaves the pool; within `leaveMillisMax`. */
  leave(): Promise<void>;
  stop(): Promise<void>;
  /** A reply that is there at once is no promise. */
  handleHttp(door: DoorRequest): HttpReply | Promise<HttpReply>;
  status(): AgentStatus;
};

/** An agent that is not started yet; only its node id is read (or made) here. */
export function createAgent(initial: RuntimeConfig, ports: AgentPorts, hooks: AgentHooks = {}): Agent {
  const nodeId = ensureNodeId(initial, ports);
  let config: RuntimeConfig = { ...initial, nodeId };
  let memberStatus: 1 | 2 | 3 = 1;
  let running = false;
  let stopDuties: () => void = () => {};

  const directory = ports.directory ?? createServerDirectory();
  const self = [selfMember(config, 1)];
  directory.set(serversAmong(self, config.datacenter), self);
  const servers = createServers(config, ports, directory, (event) => events.receiveFromServers(event));
  const telemetry = createTelemetry(() => config, ports.hostInfo?.hostname ?? "", ports);
  const backend = telemetry.counted(servers.backend);
  const cache = createReadCache({
    backend,
    timers: ports.timers,
    clock: ports.clock,
    random: ports.entropy.random,
  });
  const state = createLocalState();
  const events = createUserEvents({
    nodeName: config.nodeName,
    uuid: ports.entropy.uuid,
    services: () => [...state.services.values()].map(({ service }) => service),
    defer: ports.defer,
    ...ordersOf(),
  });
  if (config.edgeUrls.length > 0) events.relayWith(relayEvent);
  const persistence = createPersistence(ports, config.dataDir !== "");
  const registrar = createRegistrar(state, persistence, ports, () => config, backend);
  const antiEntropy = createAntiEntropy(
    state,
    backend,
    ports,
    () => ({
      node: localNode(config),
      defaultToken: config.defaultToken,
      watches: config.edgeUrls.length > 0,
      checkUpdateIntervalMillis: config.checkUpdateIntervalMillis,
    }),
    () => servers.status().up,
  );
  servers.onUp(() => antiEntropy.syncFully());
  const pool = createAgentPool(config, ports, (keys) => directory.setSecrets(keys.map(bytesToBase64)));

  const router = createRouter<AgentContext>(
    [...routes, ...agentRoutes],
    (error, door) => {
      ports.log("error", `agent.http: ${door.method} ${door.path} failed`, { error: describe(error) });
    },
    telemetry.observeRoute,
    createKeptReplies(),
  );

  /** Gossip ends where the site does; the servers reach the other sites' agents. */
  function relayEvent(event: EventRow): void {
    const { datacenter, defaultToken: token } = config;
    void backend.call("Event.Fire", { datacenter, token, event }).then((sent) => {
      if (sent.ok) return;
      const error = errorMessage(sent.error);
      ports.log("warn", "agent: an event did not reach the servers", { name: event.Name, error });
    });
  }

  function ordersOf(): { readonly orders?: RemoteExec["receive"] } {
    if (config.disableRemoteExec || ports.jobs === undefined) return {};
    const { nodeName, datacenter } = config;
    const token = () => config.defaultToken;
    const { timers, log, jobs: runner } = ports;
    return {
      orders: createRemoteExec({ backend, nodeName, datacenter, token, runner, timers, log }).receive,
    };
  }

  /** Once for all that one packet or state exchange tells: a pool of thousands is joined at once. */
  let knowsSoon = false;
  function knowServersSoon(): void {
    if (knowsSoon) return;
    knowsSoon = true;
    ports.defer(() => {
      knowsSoon = false;
      const members = pool?.members() ?? [];
      directory.set(serversAmong(members, config.datacenter), members);
    });
  }

  function halt(): void {
    running = false;
    stopDuties();
    registrar.stop();
    antiEntropy.stop();
    cache.stop();
    telemetry.stop();
  }

  const agent: Agent = {
    backend,
    cache,
    config: () => config,
    pool,
    async openPool() {
      const opened = await openAgentPool(pool, config.ownServer?.dev ?? false, ports);
      if (opened.ok && pool !== null) carryUserEvents(pool, events);
      return opened;
    },
    start() {
      running = true;
      registrar.applyConfig(config);
      registrar.restore();
      registrar.start();
      antiEntropy.start();
      telemetry.start();
      servers.start();
      pool?.onChange(knowServersSoon);
      pool?.start((why) => hooks.failed?.(why));
      if (pool !== null) stopDuties = startPoolDuties(pool, config, servers, ports);
    },
    reload(next) {
      config = { ...next, nodeId };
      if (!running) return;
      registrar.applyConfig(config);
      antiEntropy.syncFully();
    },
    async leave() {
      if (memberStatus !== 1) return;
      memberStatus = 2;
      halt();
      await leaveBoth(servers.goodbye(), () => pool?.leave(), config.ownServer !== null, ports.timers);
      memberStatus = 3;
    },
    async stop() {
      halt();
      servers.stop();
      await pool?.stop();
    },
    handleHttp(door) {
      const { httpConfig } = config;
      const gate = gateOf(httpConfig);
      const reply = router.handle(door, gate === null ? context() : { ...context(), gate });
      return reply instanceof Promise
        ? reply.then((made) => withConfiguredHeaders(made, httpConfig))
        : withConfiguredHeaders(reply, httpConfig);
    },
    status() {
      const { up, server, reason } = servers.status();
      return {
        nodeName: config.nodeName,
        nodeId,
        datacenter: config.datacenter,
        linked: up,
        link: up ? server : reason,
        services: state.services.size,
        checks: state.checks.size,
      };
    },
  };

  // The same value for all requests under one configuration.
  let made: AgentContext | null = null;
  function context(): AgentContext {
    if (made?.config !== config) made = makeContext();
    return made;
  }

  function makeContext(): AgentContext {
    return {
      backend,
      datacenter: config.datacenter,
      nodeName: config.nodeName,
      ...(ports.compression === undefined ? {} : { compression: ports.compression }),
      defaultToken: config.defaultToken,
      alwaysPretty: config.ownServer?.dev ?? false,
      settings: config.httpConfig,
      ...(config.httpConfig.useCache ? { cache } : {}),
      config,
      state,
      registrar,
      timers: ports.timers,
      telemetry,
      followLog: ports.followLog ?? null,
      describeHost: () => ports.hostInfo?.describe() ?? null,
      events,
      link: () => servers.status(),
      memberStatus: () => memberStatus,
      pool,
      poolMembers: () => pool?.members() ?? [],
      knownServers: () => directory.servers().filter(({ state }) => state === "alive").length,
      reload: hooks.reload ?? (async () => ok(undefined)),
      async leave() {
        await agent.leave();
        hooks.left?.();
      },
    };
  }

  return agent;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
