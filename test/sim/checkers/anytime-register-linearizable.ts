// Registers are linearizable: the group's log gives every write its place (its index), so it is enough that no
// operation sees less than what was finished before it began, nor anything that was not asked for.

import type { AppliedChecker } from "./anytime-applied-state-equal.ts";

export type RegisterChecker = {
  /** The newest version of `key` that anybody was told of by now: whoever begins now must see at least that. */
  floor(key: string): number;
  acknowledged(key: string, value: string, version: number, floor: number): void;
  seen(key: string, value: string, version: number, floor: number): void;
  /** Every acknowledged write is in the group's history: acknowledged writes are never lost. */
  checkAcknowledged(): void;
  counts(): { readonly writes: number; readonly reads: number };
};

/** Told of every finished operation of the clients. */
export function registerLinearizable(history: AppliedChecker): RegisterChecker {
  const floors = new Map<string, number>();
  const writes: { readonly version: number; readonly command: string }[] = [];
  let reads = 0;
  const raise = (key: string, version: number) => floors.set(key, Math.max(floors.get(key) ?? 0, version));
  return {
    floor: (key) => floors.get(key) ?? 0,
    acknowledged(key, value, version, floor) {
      if (version <= floor) throw new Error(`a write of ${key} got version ${version}, below ${floor}`);
      writes.push({ version, command: JSON.stringify({ key, value }) });
      raise(key, version);
    },
    seen(key, value, version, floor) {
      reads += 1;
      if (version < floor) throw new Error(`a read of ${key} saw version ${version}, but ${floor} was known`);
      const command = version === 0 ? null : history.at(version)?.command;
      if (command !== null && command !== JSON.stringify({ key, value })) {
        throw new Error(`a read of ${key} saw ${value}, which version ${version} did not write`);
      }
      raise(key, version);
    },
    checkAcknowledged() {
      for (const write of writes) {
        if (history.at(write.version)?.command !== write.command) {
          throw new Error(`acknowledged write ${write.command} at ${write.version} is lost`);
        }
      }
    },
    counts: () => ({ writes: writes.length, reads }),
  };
}
