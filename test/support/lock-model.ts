// Sessions, locks, expiry and transactions as anyone would write them over plain maps; part of state-model.ts.

import type { SessionCommand } from "../../shared/fsm/types.ts";
import type { KvLockOperation, KvWrite } from "../../shared/structs/kv.ts";
import type { Session } from "../../shared/structs/session.ts";
import type { TxnKvOperation } from "../../shared/structs/txn.ts";
import type { StateModel } from "./state-model.ts";

type Moment = { readonly index: number; readonly at: number };

export class LockModel {
  readonly #state: StateModel;
  #sessions = new Map<string, Session>();
  /** The index at which a key's lock was taken last. */
  #fences = new Map<string, number>();
  #expiries = new Map<string, number>();
  #delays = new Map<string, number>();
  now: Moment = { index: 0, at: 0 };

  constructor(state: StateModel) {
    this.#state = state;
  }

  list(wanted: (session: Session) => boolean): Session[] {
    return [...this.#sessions.values()].filter(wanted).sort((a, b) => (a.ID < b.ID ? -1 : 1));
  }

  write(index: number, operation: KvWrite, lockIndex: number, session: string | undefined, at: number): void {
    const { key, flags, value, ttlMillis } = operation;
    const { entries } = this.#state;
    const existing = entries.get(key);
    if (ttlMillis === undefined) this.#expiries.delete(key);
    else this.#expiries.set(key, at + ttlMillis);
    const is = existing !== undefined && existing.Value === value && existing.Flags === flags;
    if (is && existing.LockIndex === lockIndex && existing.Session === session) return;
    entries.set(key, {
      LockIndex: lockIndex,
      Key: key,
      Flags: flags,
      Value: value,
      ...(session === undefined ? {} : { Session: session }),
      CreateIndex: existing?.CreateIndex ?? index,
      ModifyIndex: index,
    });
  }

  /** null: refused. */
  lock(index: number, operation: KvLockOperation, at: number, heedsDelay = true): number | boolean | null {
    const { key, session, verb } = operation;
    const existing = this.#state.entries.get(key);
    if (verb === "release") {
      if (existing?.Session === undefined || existing.Session !== session) return false;
      this.write(index, operation, existing.LockIndex, undefined, at);
      return true;
    }
    if (heedsDelay && this.isDelayed(key, at)) return 0;
    if (!this.#sessions.has(session)) return null;
    if (existing?.Session !== undefined && existing.Session !== session) return 0;
    const fresh = existing?.Session === undefined;
    if (fresh) {
      this.#fences.set(key, index);
      this.#delays.delete(key);
    }
    this.write(index, operation, (existing?.LockIndex ?? 0) + (fresh ? 1 : 0), session, at);
    return this.#fences.get(key) ?? 0;
  }

  isDelayed(key: string, at: number): boolean {
    return (this.#delays.get(key) ?? 0) > at;
  }

  session(index: number, operation: SessionCommand, at: number): boolean {
    this.now = { index, at };
    if (operation.verb === "destroy") {
      const session = this.#sessions.get(operation.id);
      if (session !== undefined) this.#end(session);
      return true;
    }
    const { session, id } = operation;
    const { nodes, checks } = this.#state;
    if (!nodes.has(session.Node)) return false;
    for (const check of session.NodeChecks ?? []) {
      const found = checks.get(`${session.Node} ${check}`);
      if (found === undefined || found.value.Status === "critical") return false;
    }
    const Behavior = session.Behavior === "delete" ? "delete" : "release";
    this.#sessions.set(id, { ID: id, ...session, Behavior, CreateIndex: index, ModifyIndex: index });
    return true;
  }

  /** A check turned critical or went; null: the whole node went. */
  endOf(node: string, check: string | null): void {
    for (const session of [...this.#sessions.values()]) {
      if (session.Node !== node) continue;
      if (check === null || (session.NodeChecks ?? []).includes(check)) this.#end(session);
    }
  }

  expire(upTo: number): void {
    for (const [key, at] of [...this.#expiries]) {
      if (at > upTo) continue;
      this.#expiries.delete(key);
      this.#state.entries.delete(key);
    }
  }

  /** A transaction on keys: false, and nothing done, when any of it fails. */
  txn(index: number, operations: readonly TxnKvOperation[], at: number): boolean {
    if (operations.some((one) => one.key === "" && one.verb !== "delete-tree")) return false;
    if (operations.some((one) => one.verb === "lock" && this.isDelayed(one.key, at))) return false;
    const before = [
      new Map(this.#state.entries),
      new Map(this.#fences),
      new Map(this.#expiries),
      new Map(this.#delays),
    ];
    const done = operations.map((one) => this.#perform(index, one, at));
    if (!done.includes(false)) return true;
    const [entries, fences, expiries, delays] = before as [
      StateModel["entries"],
      Map<string, number>,
      Map<string, number>,
      Map<string, number>,
    ];
    this.#state.entries.clear();
    for (const [key, entry] of entries) this.#state.entries.set(key, entry);
    this.#fences = fences;
    this.#expiries = expiries;
    this.#delays = delays;
    return false;
  }

  #perform(index: number, operation: TxnKvOperation, at: number): boolean {
    const { verb, key, value, flags, session } = operation;
    const entry = this.#state.entries.get(key);
    const write = { key, value, flags };
    switch (verb) {
      case "set":
      case "delete":
      case "delete-tree":
        return this.#state.kv(index, { verb, ...write }, at);
      case "cas":
      case "delete-cas":
        return this.#state.kv(index, { verb, ...write, modifyIndex: operation.index }, at);
      case "lock":
        return Boolean(this.lock(index, { verb: "acquire", session, ...write }, at, false));
      case "unlock":
        return this.lock(index, { verb: "release", session, ...write }, at) === true;
      case "get":
        return entry !== undefined;
      case "check-not-exists":
        return entry === undefined;
      default:
        return entry !== undefined && (entry.Session ?? "") === session;
    }
  }

  #end(session: Session): void {
    const { index, at } = this.now;
    const { entries } = this.#state;
    this.#sessions.delete(session.ID);
    for (const [key, entry] of [...entries]) {
      if (entry.Session !== session.ID) continue;
      const { Session: _released, ...rest } = entry;
      if (session.Behavior === "delete") {
        entries.delete(key);
        this.#expiries.delete(key);
      } else entries.set(key, { ...rest, ModifyIndex: index });
      if (session.LockDelay > 0) this.#delays.set(key, at + session.LockDelay / 1e6);
    }
  }
}
