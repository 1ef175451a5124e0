// What a log entry asks of the state machine. Encoded as JSON `{"v":1,"t":<number>,...}`; numbers are never reused.
// Ids and times are in the command: applying reads no clock and rolls no dice.

import type { AutopilotConfiguration } from "../structs/autopilot.ts";
import type { NodeCoordinate } from "../structs/coordinate.ts";
import type { KvOperation } from "../structs/kv.ts";
import type { DeregisterRequest, RegisterRequest } from "../structs/registration.ts";

export type Command =
  | { readonly kind: "register"; readonly registration: RegisterRequest }
  | { readonly kind: "deregister"; readonly deregistration: DeregisterRequest }
  | { readonly kind: "kv"; readonly operation: KvOperation }
  | { readonly kind: "reapTombstones"; readonly upTo: number }
  /** `cas`: only over this ModifyIndex; null: in any case. `initial`: only when there is none yet. */
  | {
      readonly kind: "autopilot";
      readonly configuration: AutopilotConfiguration;
      readonly cas: number | null;
      readonly initial: boolean;
    }
  | { readonly kind: "coordinates"; readonly updates: readonly NodeCoordinate[] };
