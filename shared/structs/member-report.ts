// What agents tell the leader about members of their pool, and what the leader says of the datacenter's health.

/** "reaped" was gone for so long that the pool has forgotten it. */
export type ReportedStatus = "alive" | "failed" | "left" | "reaped";

export type ReportedMember = {
  readonly Name: string;
  /** Node id; "" for a member that has none. */
  readonly ID: string;
  readonly Address: string;
  readonly Status: ReportedStatus;
};

export type MemberReport = {
  /** Node name of the agent that has seen it, or the id of the server that lost a link. */
  readonly reporter: string;
  /** "link": the connection of an agent to a server has ended without a goodbye. */
  readonly source: "gossip" | "link";
  /** The whole pool as a server's agent sees it: nodes that are not in it are gone. */
  readonly full: boolean;
  /** The reporter may be the one who is cut off: many of its probes get no answer. Told by servers' agents alone. */
  readonly doubts?: boolean;
  readonly members: readonly ReportedMember[];
};

/** GET /v1/operator/health. */
export type DatacenterHealth = {
  readonly Healthy: boolean;
  /** Nobody is expired because too many vanished together. */
  readonly MembersFrozen: boolean;
  readonly Reason: string;
  /** RFC 3339, or "" while nothing is frozen. */
  readonly Since: string;
  /** Nodes with a serfHealth check. */
  readonly Members: number;
  readonly VanishedCount: number;
  /** Some of their names. */
  readonly Vanished: readonly string[];
};
