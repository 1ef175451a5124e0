// How a client of the workload talks to a server: straight (HTTP at the Worker or an agent's own server), or through an
// agent's link.

import type { Result } from "../../shared/base/result.ts";
import type { ServerError } from "../../shared/errors.ts";
import type { RpcMethod, RpcRequest } from "../../shared/rpc/methods.ts";
import type { Agent } from "./agents.ts";
import type { Cluster, World } from "./cluster.ts";

export type Answer = Result<unknown, ServerError> | null;

export type Asked<M extends RpcMethod> = {
  readonly method: M;
  readonly request: RpcRequest<M>;
  readonly timeoutMillis: number;
  readonly hangsUp: boolean;
  readonly mayMeetOlder?: boolean;
};

export type Channel = {
  readonly name: string;
  /** Who would be asked now. */
  server(): string;
  /** Null when no answer came in time. */
  ask<M extends RpcMethod>(asked: Asked<M>): Promise<Answer>;
  /** The last answer was none: try another server. */
  turnAway(): void;
};

export function straightChannel({ dice }: World, cluster: Cluster, name: string): Channel {
  let server = dice.pick(cluster.nodes).id;
  return {
    name,
    server: () => server,
    ask: (asked) => cluster.request({ client: name, server, ...asked }),
    turnAway() {
      server = dice.pick(cluster.nodes).id;
    },
  };
}

/** An agent takes another server by itself, when its link breaks. */
export function linkChannel(agent: Agent, name: string): Channel {
  return {
    name,
    server: () => agent.server(),
    ask: ({ method, request, timeoutMillis }) => agent.call(method, request, timeoutMillis),
    turnAway: () => {},
  };
}
