// What a log entry asks of the state machine. Encoded as JSON `{"v":1,"t":<number>,...}`; numbers are never reused.
// Ids and times are in the command: applying reads no clock and rolls no dice.

import type { RestoreCommit, RestorePiece } from "../state/restore.ts";
import type { ConfigEntry } from "../structs/config-entry.ts";
import type { CheckTtl } from "../structs/check.ts";
import type { AutopilotConfiguration } from "../structs/autopilot.ts";
import type { NodeCoordinate } from "../structs/coordinate.ts";
import type { KvLockOperation, KvOperation } from "../structs/kv.ts";
import type { PreparedQueryFields, QueryOperation } from "../structs/prepared-query.ts";
import type { DeregisterRequest, RegisterRequest } from "../structs/registration.ts";
import type { TxnOperation } from "../structs/txn.ts";
import type { SessionRequest } from "../structs/session.ts";
import type { EventRow } from "../structs/user-event.ts";

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
  | { readonly kind: "kvLock"; readonly operation: KvLockOperation }
  /** Its id is made by the leader; a destroyed session is named by its canonical id. */
  | { readonly kind: "session"; readonly operation: SessionCommand }
  | { readonly kind: "txn"; readonly operations: readonly TxnOperation[] }
  /** Keys whose time came, by the leader's wall clock. */
  | { readonly kind: "expireKeys"; readonly upTo: number }
  | {
      readonly kind: "preparedQuery";
      readonly operation: QueryOperation;
      readonly query: PreparedQueryFields;
    }
  | {
      readonly kind: "configEntry";
      readonly operation: "set" | "cas" | "delete";
      /** To be deleted: its kind and name. */
      readonly entry: ConfigEntry;
      /** Of "cas": the index that the entry must have, 0 for none. */
      readonly modifyIndex: number;
      readonly datacenter: string;
    }
  | { readonly kind: "checkTtl"; readonly operation: CheckTtlCommand }
  /** A user's snapshot, piece by piece, and then all at once. */
  | { readonly kind: "restorePiece"; readonly piece: RestorePiece }
  | { readonly kind: "restoreCommit"; readonly commit: RestoreCommit }
  | { readonly kind: "coordinates"; readonly updates: readonly NodeCoordinate[] }
  /** Its LTime is given when it is applied. */
  | { readonly kind: "userEvent"; readonly event: EventRow };

export type SessionCommand =
  | { readonly verb: "create"; readonly id: string; readonly session: SessionRequest }
  | { readonly verb: "destroy"; readonly id: string };

export type CheckTtlCommand =
  | ({ readonly verb: "set" } & CheckTtl)
  | {
      readonly verb: "report";
      readonly node: string;
      readonly checkId: string;
      readonly status: string;
      readonly output: string;
    }
  /** Checks whose time came, by the leader's wall clock. */
  | { readonly verb: "expire"; readonly upTo: number };
