// A server as the others know it: from gossip's member tags on one's own machines, from configuration at the edge.
// What bootstrap, peers, client agents and autopilot ask about.

export type ServerState = "alive" | "leaving" | "left" | "failed";

export type KnownServer = {
  /** Raft's server id; on one's own machines the node id. */
  readonly id: string;
  readonly name: string;
  readonly nodeId: string;
  readonly datacenter: string;
  /** Host without port. */
  readonly address: string;
  readonly port: number;
  readonly state: ServerState;
  /** -bootstrap-expect; 0 for none. */
  readonly bootstrapExpect: number;
  readonly bootstrap: boolean;
  readonly nonVoter: boolean;
  /** Of raft, as the tag raft_vsn says it. */
  readonly protocolVersion: number;
  /** Consul's version without what follows the colon. */
  readonly build: string;
};

/** "host:port", with brackets around IPv6. */
export function serverAddress(server: { readonly address: string; readonly port: number }): string {
  const host = server.address.includes(":") ? `[${server.address}]` : server.address;
  return `${host}:${server.port}`;
}
