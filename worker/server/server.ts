// One server: the raft driver, the state machine, the endpoints and the agent links, put together over the ports of
// whatever hosts it. Only wiring and the one way that every request takes; what is decided is decided in the parts.

import { fail, ok, type Result } from "../../shared/base/result.ts";
import { passedOn, type ServerError, serverError } from "../../shared/errors.ts";
import { applyCommand, encodeCommand } from "../../shared/fsm/apply.ts";
import { limits } from "../../shared/limits.ts";
import { boundedSql } from "../../shared/state/bounded-sql.ts";
import { step } from "../../shared/raft/step.ts";
import type { Command } from "../../shared/fsm/types.ts";
import type { RaftMessage, ServerId } from "../../shared/raft/types.ts";
import type { Backend, Cancellation } from "../../shared/rpc/backend.ts";
import type { RpcMethod, RpcRequest } from "../../shared/rpc/methods.ts";
import { heldIndexes } from "../../shared/state/held-indexes.ts";
import { type ReadMethod, type ReadResult, stateReads } from "../../shared/state/reads.ts";
import { createTables } from "../../shared/state/schema.ts";
import type { QueryOptions } from "../../shared/structs/query.ts";
import { createAnswerCache } from "./answer-cache.ts";
import { createBlockingQueries } from "./blocking-queries.ts";
import type { ServerConfig } from "./config.ts";
import { createBootstrapping } from "./bootstrap.ts";
import { configuredDirectory } from "./configured-directory.ts";
import { createCoordinateBatcher } from "./coordinate-batcher.ts";
import { createDeadlines } from "./deadlines.ts";
import type {
  LeaderContext,
  LeaderMethod,
  LocalContext,
  LocalEndpoint,
  LocalMethod,
  Proposal,
  WriteMethod,
} from "./endpoints/endpoint.ts";
import { endpoints } from "./endpoints/index.ts";
import { createFollowerReads } from "./follower-reads.ts";
import { createForwarding } from "./forwarding.ts";
import { askStats, createAutopilot } from "./leader/autopilot.ts";
import { createLeaderDuties, dutyMakers } from "./leader/index.ts";
import { createSessionTimers } from "./leader/session-ttl.ts";
import { isMethod } from "./link-frames.ts";
import { createLinkSessions } from "./link-session.ts";
import { createMembership } from "./membership.ts";
import type { AgentLink, ServerPorts } from "./ports.ts";
import type { RaftAdmin } from "./raft-admin.ts";
import { createRaftDriver, type RaftStatus } from "./raft-driver.ts";
import { createSnapshotShelf } from "./snapshot-shelf.ts";
import { createReads, type ReadOrigin } from "./reads.ts";
import { checkStorageVersion } from "./storage-version.ts";
import { createUserEventDelivery } from "./user-events.ts";

type Answer = Result<unknown, ServerError>;

export type Server = {
  /** For HTTP at the Worker. */
  readonly backend: Backend;
  /** One RPC that another server passed on; it is never passed on again. */
  handleCall(from: ServerId, method: RpcMethod, request: unknown): Promise<Answer>;
  /** Raft messages of a peer; returns the answers for it. */
  handleRaft(messages: readonly RaftMessage[]): readonly RaftMessage[];
  peerUnreachable(peer: ServerId): void;
  linkOpened(link: AgentLink): void;
  linkFrame(link: AgentLink, text: string): void;
  linkClosed(link: AgentLink, reason: string): void;
  /** The deadline came that was asked of the Wake port. */
  wake(): void;
  /** Once after construction: links from before a sleep are told that what they waited for is forgotten. */
  start(): void;
  status(): RaftStatus;
  /** Takes itself out of raft's group; the others go on without it. */
  leave(): Promise<Answer>;
  /** What operators ask of raft: who belongs to the group, and who leads it. */
  readonly raft: Pick<RaftAdmin, "changeMembership" | "transferLeadership" | "configuration">;
  /** Who waits for something here: blocking queries, and timers of requests. */
  waiting(): { readonly queries: number; readonly timers: number };
};

/** /v1/status/leader is what scripts poll: long enough for a pre-vote and a vote, short enough to say "". */
const leaderWaitMillis = 3_000;

/** What the simulator watches, and into which its own tests put faults; everybody else leaves it as it is. */
export type Machinery = { readonly takeStep: typeof step; readonly apply: typeof applyCommand };

const production: Machinery = { takeStep: step, apply: applyCommand };

/** A server over its host's ports; its storage is read here, nothing is sent before an input comes. */
export function createServer(
  host: ServerPorts,
  config: ServerConfig,
  machinery: Machinery = production,
): Server {
  checkStorageVersion(host.sql);
  const ports = { ...host, sql: heldIndexes(host.sql) };
  createTables(ports.sql);
  const deadlines = createDeadlines(ports.wake, ports.clock);
  const driver = createRaftDriver(
    { ...ports, wake: deadlines.driverWake },
    config,
    (entry) => machinery.apply(ports.sql, entry.index, entry.command),
    machinery.takeStep,
  );
  const blocking = createBlockingQueries(ports.defer);
  const forwarding = createForwarding(driver, ports, config, deadlines);
  const directory = ports.directory ?? configuredDirectory(config);
  const autopilot = createAutopilot({
    config,
    ports,
    directory,
    gossips: ports.directory !== undefined,
    deadlines,
    driver,
    propose,
    changed: () => duties.changed(),
  });
  const bootstrapping = createBootstrapping({ config, ports, directory, deadlines, driver });
  const readSql = boundedSql(ports.sql, limits.answerCharsMax);
  const cache = createAnswerCache();
  const followerReads = createFollowerReads({ driver, forwarding, deadlines, defer: ports.defer });
  const reads = createReads({ driver, forwarding, followerReads, blocking, deadlines, cache, local });
  const sessionTimers = createSessionTimers({ ports, config, driver, propose });
  const snapshots = createSnapshotShelf(deadlines);
  const dutyContext = { ports, config, deadlines, driver, propose, sessionTimers };
  const membership = createMembership({
    config,
    ports,
    deadlines,
    driver,
    backend: () => backend,
    links: () => links,
    changed: () => duties.changed(),
  });
  const duties = createLeaderDuties(dutyContext, [
    ...dutyMakers,
    () => autopilot.duty,
    () => membership.health.duty,
  ]);
  driver.onApplied((changed) => {
    cache.changed(changed);
    blocking.changed(changed);
    membership.applied(changed);
    userEvents.applied(changed);
    links.stateChanged();
    duties.applied(changed);
  });
  driver.onRoleChange(() => {
    forwarding.roleChanged();
    duties.roleChanged();
  });

  function local(method: ReadMethod, request: unknown): ReadResult<unknown> {
    // The endpoint's check made `request` the request of this very method.
    const read = stateReads[method] as (sql: ServerPorts["sql"], request: unknown) => ReadResult<unknown>;
    return read(readSql, request);
  }

  /** The outermost loop of a request: what is thrown here is a broken invariant, and fatal to this request alone. */
  function dispatch(
    method: RpcMethod,
    request: unknown,
    origin: ReadOrigin,
    cancellation: Cancellation | null,
  ): Promise<Answer> {
    const broken = (error: unknown): Answer => {
      ports.log("error", "server: a request failed", { method, error: String(error) });
      return fail(serverError("internal", method));
    };
    try {
      const answer = route(method, request, origin, cancellation);
      // What is known at once waits for nothing: most reads.
      return answer instanceof Promise ? answer.catch(broken) : Promise.resolve(answer);
    } catch (error) {
      return Promise.resolve(broken(error));
    }
  }

  /** The one way of every request: shape, datacenter, then by the kind of its method. */
  function route(
    method: RpcMethod,
    request: unknown,
    origin: ReadOrigin,
    cancellation: Cancellation | null,
  ): Answer | Promise<Answer> {
    const endpoint = endpoints[method];
    if (endpoint.kind === "local") return runLocal(method as LocalMethod, request, origin);
    const checked = endpoint.check(request) as Result<unknown, ServerError>;
    if (!checked.ok) return refusal(checked.error);
    if (endpoint.kind === "write") return write(method as WriteMethod, checked.value, origin);
    if (endpoint.kind === "leader") return atLeader(method as LeaderMethod, checked.value, origin);
    const asked = checked.value as { readonly options: QueryOptions };
    if (!isOurs(asked.options.datacenter)) return fail(serverError("noPathToDatacenter"));
    const read = complete(method as ReadMethod, asked);
    return reads.read({ method: method as ReadMethod, request: read, origin, cancellation });
  }

  function complete(method: ReadMethod, asked: { readonly options: QueryOptions }): typeof asked {
    const endpoint = endpoints[method] as {
      complete?(request: unknown, server: { datacenter: string; seed(): number }): typeof asked;
    };
    const { datacenter } = config;
    return endpoint.complete?.(asked, { datacenter, seed: ports.entropy.seed }) ?? asked;
  }

  /** Consul's servers pass a request on before they look at it, and clients see that in the error. */
  function refusal(error: ServerError): Answer {
    const { role, leader } = driver.status();
    if (config.marksForwarded !== true || role === "leader" || error.code !== "rejected") return fail(error);
    return fail(leader === null ? serverError("noLeader") : passedOn(error));
  }

  function isOurs(datacenter: string): boolean {
    return datacenter === "" || datacenter === config.datacenter;
  }

  async function runLocal(method: LocalMethod, request: unknown, origin: ReadOrigin): Promise<Answer> {
    const endpoint = endpoints[method] as LocalEndpoint<LocalMethod>;
    const checked = endpoint.check?.(request) ?? ok(request);
    if (!checked.ok) return checked;
    // The endpoint's check made it the request of this very method.
    const own = checked.value as RpcRequest<LocalMethod>;
    if (!isOurs(endpoint.datacenter?.(own) ?? "")) return fail(serverError("noPathToDatacenter"));
    const context: LocalContext = {
      config,
      status: driver.status(),
      forPeer: origin === "peer",
      members: membership.list,
      directory,
      // Where nobody sleeps, whoever knows no leader has none.
      leader: () => forwarding.findLeader(config.mode === "awake" ? 0 : leaderWaitMillis),
      collectCoordinate: coordinates.add,
    };
    return ok(await endpoint.run(context, own));
  }

  function write(method: WriteMethod, request: unknown, origin: ReadOrigin): Promise<Answer> {
    const endpoint = endpoints[method] as {
      datacenter(request: unknown): string;
      refuse?(request: unknown, context: { readonly config: ServerConfig }): ServerError | null;
      command(request: unknown, datacenter: string, proposal: Proposal): Command;
    };
    if (!isOurs(endpoint.datacenter(request))) {
      return Promise.resolve(fail(serverError("noPathToDatacenter")));
    }
    return forwarding.atLeader({
      method,
      request,
      kind: "write",
      forwarded: origin === "peer",
      here() {
        const refused = endpoint.refuse?.(request, { config }) ?? null;
        if (refused !== null) return Promise.resolve(fail(refused));
        return propose(endpoint.command(request, config.datacenter, proposal()));
      },
    });
  }

  function proposal(): Proposal {
    return { now: ports.clock.now(), uuid: ports.entropy.uuid };
  }

  /** Appends a command with the time of now. What was committed has a result of its own: the state machine's. */
  async function propose(command: Command): Promise<Answer> {
    const proposed = await driver.propose(encodeCommand(command, ports.clock.now()));
    return proposed.ok ? (proposed.value as Answer) : proposed;
  }

  function atLeader(method: LeaderMethod, request: unknown, origin: ReadOrigin): Promise<Answer> {
    const endpoint = endpoints[method] as {
      datacenter(request: unknown): string;
      anyServer?(request: unknown): boolean;
      run(request: unknown, context: LeaderContext): Answer | Promise<Answer>;
    };
    if (!isOurs(endpoint.datacenter(request))) {
      return Promise.resolve(fail(serverError("noPathToDatacenter")));
    }
    if (endpoint.anyServer?.(request) === true) {
      return Promise.resolve(endpoint.run(request, leaderContext()));
    }
    return forwarding.atLeader({
      method,
      request,
      kind: "read",
      forwarded: origin === "peer",
      async here() {
        const confirmed = await driver.confirmLeadership(true);
        return confirmed.ok ? endpoint.run(request, leaderContext()) : confirmed;
      },
    });
  }

  function leaderContext(): LeaderContext {
    return {
      ...proposal(),
      config,
      status: driver.status(),
      sql: ports.sql,
      propose,
      sessionTimers,
      snapshots,
      directory,
      confirmFor: (lease) => driver.confirmLeadership(lease, true),
      raft: driver,
      health: autopilot.health,
      askStats: (server, millis) => askStats({ deadlines, ports }, server, millis),
      memberHealth: membership.health,
    };
  }

  const coordinates = createCoordinateBatcher({
    deadlines,
    log: ports.log,
    write: (updates) => backend.call("Coordinate.BatchUpdate", { token: "", updates }),
  });

  const links = createLinkSessions({ ...ports, deadlines }, config, {
    request: (method, request, cancellation) => dispatch(method, request, "link", cancellation),
    joined: membership.joined,
    left: membership.left,
    lost: membership.lost,
  });

  const userEvents = createUserEventDelivery(ports.sql, ports.clock.now, (event) =>
    links.tell({ t: "event", event }),
  );

  const backend: Backend = {
    // The list of methods pairs each request with its reply; dispatch keeps the pair together.
    call: (method, request, cancellation) =>
      dispatch(method, request, "backend", cancellation ?? null) as Promise<never>,
    stillHolds: reads.stillHolds,
  };

  return {
    backend,
    handleCall: (_from, method, request) =>
      isMethod(method)
        ? dispatch(method, request, "peer", null)
        : Promise.resolve(fail(serverError("notImplemented", String(method)))),
    handleRaft: (messages) => driver.receive(messages),
    peerUnreachable: (peer) => driver.unreachable(peer),
    linkOpened: links.opened,
    linkFrame: links.frame,
    linkClosed: links.closed,
    wake() {
      if (deadlines.due()) driver.wake();
      duties.woken();
    },
    start() {
      links.start();
      membership.start();
      bootstrapping.start();
    },
    status: () => driver.status(),
    leave: () =>
      dispatch(
        "Operator.RaftRemovePeer",
        { datacenter: "", token: "", id: config.id, address: "" },
        "backend",
        null,
      ),
    raft: driver,
    waiting: () => ({ queries: blocking.waiters, timers: deadlines.timers }),
  };
}
