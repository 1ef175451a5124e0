// What the routes of /v1/agent/* may use beside the shared context. Made by agent/agent.ts.

import type { ApiContext } from "../../shared/api/http.ts";
import type { Gate } from "../../shared/api/router.ts";
import type { Result } from "../../shared/base/result.ts";
import type { Member } from "../../shared/structs/members.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import type { AgentPool } from "../gossip/agent-pool.ts";
import type { LocalState } from "../local/state.ts";
import type { Registrar } from "../local/registrar.ts";
import type { AgentPorts, LogFollower } from "../ports.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { UserEvents } from "../user-events/fire.ts";
import type { LinkStatus } from "../rpc/link.ts";

export type AgentContext = ApiContext & {
  /** What the operator forbids; absent: nothing. */
  readonly gate?: Gate;
  readonly config: RuntimeConfig;
  readonly state: LocalState;
  readonly registrar: Registrar;
  readonly timers: AgentPorts["timers"];
  readonly events: UserEvents;
  readonly telemetry: Telemetry;
  /** Null where the log cannot be followed. */
  readonly followLog: LogFollower | null;
  /** Null where nothing is known of the host. */
  describeHost(): Record<string, unknown> | null;
  link(): LinkStatus;
  /** 1 alive, 2 leaving, 3 left. */
  memberStatus(): 1 | 2 | 3;
  /** Null when this agent does not gossip. */
  readonly pool: AgentPool | null;
  /** Who gossips in this datacenter, this agent too; empty when it does not. */
  poolMembers(): readonly Member[];
  /** How many servers gossip knows to be there. */
  knownServers(): number;
  reload(): Promise<Result<void, string>>;
  leave(): Promise<void>;
};
