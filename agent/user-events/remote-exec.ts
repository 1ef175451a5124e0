// The agent's side of `legate exec`: an event names a session, under which the job lies in the KV store. The agent says
// that it has it, runs it and writes output and exit code next to it (surface G2). Keys are held by the session: they
// go when it ends.

import { base64ToBytes, bytesToBase64 } from "../../shared/base/base64.ts";
import type { U64 } from "../../shared/base/brand.ts";
import { limits } from "../../shared/limits.ts";
import type { Backend } from "../../shared/rpc/backend.ts";
import type { Job, JobRunner, Log, Timers } from "../ports.ts";

/** The event that agents take as an order rather than keep. */
export const remoteExecEvent = "_rexec";

/** Jobs of one agent. */
export type RemoteExec = { receive(payload: Uint8Array | null): void };

export type RemoteExecParts = {
  readonly backend: Backend;
  readonly nodeName: string;
  readonly datacenter: string;
  readonly token: () => string;
  readonly runner: JobRunner;
  readonly timers: Timers;
  readonly log: Log;
};

const chunkBytes = 4_096;
const flushMillis = 500;
const failedToStart = 255;

/** At most so many jobs at once as limits say; more are refused without an answer, as by an agent that takes none. */
export function createRemoteExec(parts: RemoteExecParts): RemoteExec {
  let running = 0;
  return {
    receive(payload) {
      const order = parseOrder(payload);
      if (order === null) return parts.log("error", "agent: remote exec event could not be read");
      if (running >= limits.remoteExecJobsMax)
        return parts.log("warn", "agent: too many remote exec jobs run");
      running += 1;
      void execute(parts, order)
        .catch((error: unknown) => {
          parts.log("error", "agent: remote exec failed", { error: String(error) });
        })
        .finally(() => {
          running -= 1;
        });
    },
  };
}

type Order = { readonly prefix: string; readonly session: string };

async function execute(parts: RemoteExecParts, { prefix, session }: Order): Promise<void> {
  const { backend, datacenter, log } = parts;
  const folder = `${prefix}/${session}`;
  // Takes the key's lock for the session: fails once that has ended.
  const write = async (name: string, value: Uint8Array): Promise<boolean> => {
    const operation = {
      verb: "acquire",
      session,
      key: `${folder}/${parts.nodeName}/${name}`,
      value: value.length === 0 ? null : bytesToBase64(value),
      flags: "0" as U64,
    } as const;
    const written = await backend.call("KVS.Acquire", { operation, datacenter, token: parts.token() });
    if (!written.ok) log("error", "agent: remote exec could not write", { key: operation.key });
    return written.ok && written.value > 0;
  };
  const job = await readJob(parts, `${folder}/job`);
  if (job === null) return log("error", "agent: remote exec job could not be read", { session });
  if (!(await write("ack", new Uint8Array()))) return;
  log("info", "agent: remote exec", { session });
  const output = createOutput(parts.timers, (number, bytes) =>
    write(`out/${number.toString(16).padStart(5, "0")}`, bytes),
  );
  const code = await parts.runner.run(job, output.add);
  await output.end();
  await write("exit", new TextEncoder().encode(String(code ?? failedToStart)));
}

/** Collects output to chunks of 4 KiB, or what there is every half second, and writes them in order. */
function createOutput(timers: Timers, write: (number: number, bytes: Uint8Array) => Promise<boolean>) {
  let waiting = new Uint8Array();
  let taken = 0;
  let number = 0;
  let written: Promise<unknown> = Promise.resolve();
  let cancel: (() => void) | null = null;
  const flush = (size: number): void => {
    const bytes = waiting.slice(0, size);
    waiting = waiting.slice(size);
    const mine = number++;
    written = written.then(() => write(mine, bytes));
  };
  const flushAll = (): void => {
    cancel?.();
    cancel = null;
    while (waiting.length > 0) flush(chunkBytes);
  };
  return {
    add(piece: Uint8Array): void {
      const room = limits.remoteExecOutputBytesMax - taken;
      const kept = piece.subarray(0, room);
      taken += kept.length;
      const joined = new Uint8Array(waiting.length + kept.length);
      joined.set(waiting);
      joined.set(kept, waiting.length);
      waiting = joined;
      while (waiting.length >= chunkBytes) flush(chunkBytes);
      if (waiting.length > 0) cancel ??= timers.after(flushMillis, flushAll);
    },
    async end(): Promise<void> {
      flushAll();
      await written;
    },
  };
}

function parseOrder(payload: Uint8Array | null): Order | null {
  const fields = jsonObject(payload);
  const { Prefix, Session } = fields ?? {};
  if (typeof Prefix !== "string" || typeof Session !== "string" || Session === "") return null;
  return { prefix: Prefix, session: Session };
}

async function readJob(parts: RemoteExecParts, key: string): Promise<Job | null> {
  const options = {
    datacenter: parts.datacenter,
    token: parts.token(),
    minIndex: 0,
    waitMillis: 0,
    consistency: "default",
  } as const;
  const read = await parts.backend.call("KVS.Get", { key, options });
  if (!read.ok || read.value.value === null) return null;
  const fields = jsonObject(base64ToBytes(read.value.value.Value ?? ""));
  if (fields === null) return null;
  const { Command, Args, Script } = fields;
  if (typeof Script === "string" && Script !== "") {
    const script = base64ToBytes(Script);
    return script === null ? null : { script };
  }
  if (Array.isArray(Args) && Args.length > 0 && Args.every((word) => typeof word === "string"))
    return { args: Args };
  return typeof Command === "string" ? { args: ["/bin/sh", "-c", Command] } : null;
}

function jsonObject(bytes: Uint8Array | null): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array()));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
