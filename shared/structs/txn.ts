// Transactions over KV, nodes, services and checks (Consul: "Transaction HTTP API"): operations, results, errors.

import type { U64 } from "../base/brand.ts";
import type { HealthCheck } from "./check.ts";
import type { DirEntry } from "./kv.ts";
import type { Node } from "./node.ts";
import type { CheckRegistration, ServiceRegistration } from "./registration.ts";
import type { NodeService } from "./service.ts";

export type TxnKvOperation = {
  readonly type: "KV";
  /** Any text: an unknown verb is an error of its operation. */
  readonly verb: string;
  readonly key: string;
  readonly value: string | null;
  readonly flags: U64;
  readonly index: number;
  readonly session: string;
};
export type TxnNodeOperation = {
  readonly type: "Node";
  readonly verb: string;
  readonly node: Omit<Node, "CreateIndex" | "ModifyIndex">;
  readonly index: number;
};
export type TxnServiceOperation = {
  readonly type: "Service";
  readonly verb: string;
  readonly node: string;
  readonly service: ServiceRegistration;
  readonly index: number;
};
export type TxnCheckOperation = {
  readonly type: "Check";
  readonly verb: string;
  readonly check: CheckRegistration;
  readonly index: number;
};
export type TxnOperation = TxnKvOperation | TxnNodeOperation | TxnServiceOperation | TxnCheckOperation;

/** A list without elements is null here, as Consul shows it in transactions and nowhere else. */
export type TxnService = Omit<NodeService, "Tags"> & { Tags: string[] | null };
export type TxnCheck = Omit<HealthCheck, "ServiceTags"> & { ServiceTags: string[] | null };

export type TxnResult =
  | { readonly KV: DirEntry }
  | { readonly Node: Node }
  | { readonly Service: TxnService }
  | { readonly Check: TxnCheck };

export type TxnError = { readonly OpIndex: number; readonly What: string };

/** Either all results, or no result and every operation that failed. */
export type TxnAnswer = {
  readonly Results: readonly TxnResult[] | null;
  readonly Errors: readonly TxnError[] | null;
  /** Fencing tokens of the locks it took, in their order; Legate's own, shown in a header. */
  readonly fencing: readonly number[];
};

const kvWrites = ["set", "delete", "delete-cas", "delete-tree", "cas", "lock", "unlock"];

/**
 * Whether a transaction goes through the log; one that only reads may be answered by any server. Consul takes a verb
 * that it does not know for a read of the KV store, and for a write of the catalog.
 */
export function isWriteTxn(operations: readonly TxnOperation[]): boolean {
  return operations.some(({ type, verb }) => (type === "KV" ? kvWrites.includes(verb) : verb !== "get"));
}
