// The port through which the state store and the raft log see SQLite: synchronous statements and one transaction.
// Implemented by worker/runtime/sql.ts (Durable Object), agent/runtime (node:sqlite) and the simulator.

/** Never bind a boolean, a BigInt or an integer above 2^53: Durable Objects refuse or bend them (reference T2). */
export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/**
 * What a transaction is worth once it returned. durable: it survives the loss of power. recoverable: it may be lost
 * together with everything recoverable after it, never without it, and a later durable one makes it durable: enough for
 * what the raft log can bring back.
 */
export type Durability = "durable" | "recoverable";

export type Sql = {
  /** Runs one statement, returns all its rows. BLOBs come back as Uint8Array. */
  exec(statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[];
  /** As exec; throws ResultTooLarge (bounded-sql.ts) when the rows hold more than `charsMax` characters. */
  execWithin?(charsMax: number, statement: string, ...bindings: readonly SqlValue[]): readonly SqlRow[];
  /** All or nothing; `body` is synchronous; a throw rolls back. Does not nest. Durable unless said otherwise. */
  transaction<T>(body: () => T, durability?: Durability): T;
  /** Inside a transaction: what `body` wrote is undone when it throws, and nothing else. Does not nest. */
  savepoint<T>(body: () => T): T;
};
