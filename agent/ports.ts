// What the agent needs from the process it runs in. Implemented by agent/runtime (Node) and by tests.

import type { Millis } from "../shared/base/brand.ts";
import type { Backend } from "../shared/rpc/backend.ts";

export type Log = (
  level: "trace" | "debug" | "info" | "warn" | "error",
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

export type Clock = {
  /** Wall clock, for what people read and what is written to disk. */
  now(): Millis;
};

/** Runs `body` once, not before `delayMillis`; the returned function takes it back. */
export type Timers = { after(delayMillis: Millis, body: () => void): () => void };

export type Entropy = { uuid(): string /** 0 <= x < 1 */; random(): number };

/** Small files under the data directory; `write` is atomic (temporary file, fsync, rename). Paths are relative. */
export type Files = {
  read(path: string): string | null;
  write(path: string, text: string): void;
  remove(path: string): void;
  list(directory: string): readonly string[];
};

/** One WebSocket to a server. At most one is open; callbacks come in order; `closed` comes exactly once. */
export type LinkSocket = {
  /** Text of one frame. */
  send(frame: string): void;
  close(): void;
};
export type LinkEvents = { opened(): void; frame(text: string): void; closed(reason: string): void };
export type LinkDialer = { dial(url: string, token: string, events: LinkEvents): LinkSocket };

export type ProbeResult = {
  readonly ok: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly body: string;
  readonly error: string;
};
export type HttpProbe = {
  probe(request: {
    readonly url: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, readonly string[]>>;
    readonly body: string;
    readonly timeoutMillis: Millis;
    readonly tlsSkipVerify: boolean;
    readonly bodyBytesMax: number;
  }): Promise<ProbeResult>;
};
/** "" on success, else the error's text in Go's words ("dial tcp 127.0.0.1:1: connect: connection refused"). */
export type TcpProbe = { connect(address: string, timeoutMillis: Millis): Promise<string> };

export type ProgramResult = {
  /** Null when the program was ended by a signal, or never ran. */
  readonly exitCode: number | null;
  /** The last bytes of what it wrote, on either stream, and how many there were in all. */
  readonly output: string;
  readonly outputBytes: number;
  readonly timedOut: boolean;
  /** Why it could not be run, in Go's words; "" when it ran. */
  readonly error: string;
};
/** Runs a program in its own process group, which is killed as a whole when the time is over. */
export type ProcessRunner = {
  run(args: readonly string[], timeoutMillis: Millis, outputBytesMax: number): Promise<ProgramResult>;
};
/** The same inside of a container, through Docker's API. */
export type DockerExec = {
  run(
    container: string,
    args: readonly string[],
    timeoutMillis: Millis,
    outputBytesMax: number,
  ): Promise<ProgramResult>;
};
/** grpc.health.v1.Health/Check. "" when the service is serving, else what is wrong in the words of Go's gRPC. */
export type GrpcProbe = {
  check(request: {
    readonly address: string;
    readonly service: string;
    readonly useTls: boolean;
    readonly tlsSkipVerify: boolean;
    readonly timeoutMillis: Millis;
  }): Promise<string>;
};
export type OtherProbes = {
  readonly processes: ProcessRunner;
  readonly docker: DockerExec;
  readonly grpc: GrpcProbe;
};

/** The server in this process (agent/runtime/server-host). Reads and writes go straight to it: there is no link. */
export type OwnServer = {
  readonly backend: Backend;
  /** Nothing is answered before; the first request makes it stand for election. */
  start(): void;
  stop(): void;
};

export type AgentPorts = {
  readonly log: Log;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly entropy: Entropy;
  readonly files: Files;
  readonly dialer: LinkDialer;
  /** In place of the dialer, when the configuration has an own server. */
  readonly ownServer?: OwnServer;
  readonly httpProbe: HttpProbe;
  readonly tcpProbe: TcpProbe;
  /** Absent where none can be run: such checks are critical and say so. */
  readonly otherProbes?: OtherProbes;
  /** Runs `body` at the end of this turn of the event loop: frames and syncs are coalesced there. */
  readonly defer: (body: () => void) => void;
};
