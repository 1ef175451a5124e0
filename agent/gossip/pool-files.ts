// What a pool keeps in the data directory, as Consul does: the keyring, and whom to ask for the pool after a restart.

import type { Millis } from "../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { parseRejoin, type Rejoin } from "../../shared/serf/rejoin.ts";
import {
  decodeKeyringFile,
  encodeKeyringFile,
  holdsKey,
  type Keyring,
  noKeys,
  parseKey,
} from "../../shared/structs/keyring.ts";
import type { Files, Log, Timers } from "../ports.ts";

const keyringFile = "serf/local.keyring";
const rejoinFile = "serf/local.snapshot";

/** Not written more often than this, and a little less often for each member. */
const rejoinPauseMillis: Millis = 500;

export type KeyringSettings = {
  /** Base64; "" for plain gossip. */
  readonly encrypt: string;
  /** False: the keys are kept in memory alone. */
  readonly keeps: boolean;
};

/** The keys to begin with. A file counts more than the setting, which only makes the first one. */
export function loadKeyring(settings: KeyringSettings, files: Files, log: Log): Result<Keyring, string> {
  const given = settings.encrypt === "" ? ok(null) : parseKey(settings.encrypt);
  if (!given.ok) return fail(`Invalid encryption key: ${given.error}`);
  const text = settings.keeps ? files.read(keyringFile) : null;
  if (text === null) {
    const keyring = given.value === null ? noKeys : [given.value];
    if (settings.keeps && keyring.length > 0) files.write(keyringFile, encodeKeyringFile(keyring));
    return ok(keyring);
  }
  const kept = decodeKeyringFile(text);
  if (!kept.ok) return fail(`${keyringFile}: ${kept.error}`);
  if (given.value !== null && !holdsKey(kept.value, given.value)) {
    log("warn", "agent: the keyring file does not hold the key of -encrypt; the file's keys are used", {
      file: keyringFile,
    });
  }
  return kept;
}

export function saveKeyring(keyring: Keyring, files: Files): void {
  files.write(keyringFile, encodeKeyringFile(keyring));
}

/** Whom the last life knew; nobody when it left in order, unless `rejoinAfterLeave`. */
export function loadRejoin(files: Files, rejoinAfterLeave: boolean): Rejoin | null {
  const text = files.read(rejoinFile);
  return text === null ? null : parseRejoin(text, rejoinAfterLeave);
}

export type RejoinWriter = {
  /** Something changed: it is written soon. */
  changed(): void;
  /** Writes now what has not been written. */
  flush(): void;
};

/** Writes the file at most every half a second, however much happens. */
export function createRejoinWriter(
  files: Files,
  timers: Timers,
  content: () => { readonly text: string; readonly members: number } | null,
): RejoinWriter {
  let stopTimer: (() => void) | null = null;

  function write(): void {
    stopTimer?.();
    stopTimer = null;
    const now = content();
    if (now !== null) files.write(rejoinFile, now.text);
  }

  return {
    changed() {
      stopTimer ??= timers.after(rejoinPauseMillis + (content()?.members ?? 0), write);
    },
    flush() {
      if (stopTimer !== null) write();
    },
  };
}
