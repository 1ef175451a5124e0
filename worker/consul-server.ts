// One server of a datacenter as a Durable Object: gives worker/server/server.ts its ports and hands events to it.
// It decides nothing. Its memory may vanish between any two events; everything that counts is in its SQLite.

import { DurableObject } from "cloudflare:workers";
import type { Result } from "../shared/base/result.ts";
import type { ServerError } from "../shared/errors.ts";
import type { RaftMessage, ServerId } from "../shared/raft/types.ts";
import type { RpcMethod, RpcRequest } from "../shared/rpc/methods.ts";
import { type AgentSockets, createAgentSockets } from "./runtime/agent-sockets.ts";
import { OpenCalls } from "./runtime/cancellation.ts";
import { defer } from "./runtime/defer.ts";
import { clock, entropy } from "./runtime/entropy.ts";
import { type Environment, objectName, serverConfig } from "./runtime/environment.ts";
import { createLog } from "./runtime/log.ts";
import { createPeers, type ForwardedCall, notStarted, type PeerObject } from "./runtime/peers.ts";
import { createSql, type ObjectSql } from "./runtime/sql.ts";
import { createWake, type ObjectWake } from "./runtime/wake.ts";
import type { Log } from "./server/ports.ts";
import { createServer, type Server } from "./server/server.ts";

export class ConsulServer extends DurableObject<Environment> {
  readonly #server: Server;
  readonly #sockets: AgentSockets;
  readonly #wake: ObjectWake;
  readonly #sql: ObjectSql;
  readonly #log: Log;
  readonly #calls = new OpenCalls();

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    const config = serverConfig(env, ctx.id.name);
    this.#log = createLog(config.id, env.LEGATE_LOG_LEVEL);
    this.#sockets = createAgentSockets(ctx, clock.now, this.#log);
    this.#wake = createWake(ctx.storage, clock.now, () => this.#guard("timer", () => this.#server.wake()));
    const peers = createPeers(
      config.id,
      (peer) => env.SERVER.getByName(objectName(config.datacenter, peer)) as unknown as PeerObject,
      {
        answered: (peer, messages) => {
          const more = this.raft(messages);
          if (more.length > 0) peers.send(peer, more);
        },
        unreachable: (peer) => this.#guard("unreachable", () => this.#server.peerUnreachable(peer)),
      },
    );
    this.#sql = createSql(ctx.storage);
    const ports = {
      sql: this.#sql,
      peers,
      wake: this.#wake,
      clock,
      entropy,
      links: this.#sockets,
      log: this.#log,
      defer: (body: () => void) => defer(() => this.#guard("deferred", body)),
    };
    this.#server = this.#build(() => createServer(ports, config));
    this.#server.start();
  }

  /** An object whose storage cannot be trusted takes no part: every call of it fails, and the log says what to do. */
  #build(make: () => Server): Server {
    try {
      return make();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#log("error", "a server cannot be started", { error: text });
      throw new Error(`${notStarted} ${text}`);
    }
  }

  /** Raft messages of one peer; what this server answers to them rides back. */
  raft(messages: readonly RaftMessage[]): readonly RaftMessage[] {
    let replies: readonly RaftMessage[] = [];
    this.#guard("raft", () => {
      replies = this.#server.handleRaft(messages);
    });
    return replies;
  }

  /** A request that another server passed on to this one. */
  forwarded(from: ServerId, method: RpcMethod, request: unknown): Promise<Result<unknown, ServerError>> {
    return this.#server.handleCall(from, method, request);
  }

  /** The same for several at once, as JSON of ForwardedCall[]. */
  forwardedTogether(from: ServerId, calls: string): Promise<readonly Result<unknown, ServerError>[]> {
    const parsed = JSON.parse(calls) as readonly ForwardedCall[];
    return Promise.all(parsed.map(([method, request]) => this.#server.handleCall(from, method, request)));
  }

  /** A request of the Worker's HTTP API. `id` names it for `cancel`; "" when it cannot be cancelled. */
  async call(id: string, method: RpcMethod, request: unknown): Promise<Result<unknown, ServerError>> {
    const known = request as RpcRequest<typeof method>;
    if (id === "") return this.#server.backend.call(method, known);
    const cancellation = this.#calls.open(id);
    try {
      return await this.#server.backend.call(method, known, cancellation);
    } finally {
      this.#calls.close(id);
    }
  }

  /** The client of a waiting call went away. */
  cancel(id: string): void {
    this.#calls.abort(id);
  }

  /** Rows written since this object was constructed, as they are billed; for measurements. */
  rowsWritten(): number {
    return this.#sql.rowsWritten();
  }

  /** The agent link. The Worker has checked who asks. */
  override fetch(_request: Request): Response {
    const { 0: client, 1: socket } = new WebSocketPair();
    const link = this.#sockets.accept(socket, entropy.uuid());
    this.#server.linkOpened(link);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    const text = this.#sockets.frame(socket, message);
    if (text === null) return;
    this.#guard("link frame", () => this.#server.linkFrame(this.#sockets.linkOf(socket), text));
  }

  override webSocketClose(socket: WebSocket, _code: number, reason: string): void {
    this.#sockets.linkOf(socket).close(reason); // completes the handshake, so that the agent sees an orderly end
    this.#linkEnded(socket, reason === "" ? "closed by the agent" : reason);
  }

  override webSocketError(socket: WebSocket, error: unknown): void {
    this.#linkEnded(socket, String(error));
  }

  /** Never throws: the runtime drops an alarm that failed too often. */
  override alarm(): void {
    this.#guard("alarm", () => {
      if (this.#wake.alarmCame(clock.now())) this.#server.wake();
    });
  }

  #linkEnded(socket: WebSocket, reason: string): void {
    const link = this.#sockets.linkOf(socket);
    if (!this.#sockets.closed(socket)) return;
    this.#guard("link closed", () => this.#server.linkClosed(link, reason));
  }

  /**
   * An exception here is a broken invariant. Its event's writes may be half done in memory, so the object is reset:
   * it comes back from what is durable.
   */
  #guard(event: string, body: () => void): void {
    try {
      body();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#log("error", "a server crashed and starts again", { event, error: text });
      this.ctx.abort(`${event}: ${text}`);
    }
  }
}
