// What the agent needs from the process it runs in. Implemented by agent/runtime (Node) and by tests.

import type { Compression } from "../shared/api/compression.ts";
import type { Millis } from "../shared/base/brand.ts";
import type { Result } from "../shared/base/result.ts";
import type { GossipAddress } from "../shared/gossip/types.ts";
import type { Backend } from "../shared/rpc/backend.ts";
import type { MutableServerDirectory } from "./rpc/server-directory.ts";
import type { GossipCipher } from "../shared/wire/gossip-encryption.ts";

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
  run(
    args: readonly string[],
    timeoutMillis: Millis,
    outputBytesMax: number,
    /** Gets the output as it comes. */
    onOutput?: (piece: Uint8Array) => void,
  ): Promise<ProgramResult>;
};
/** What `legate exec` asks for: a program, or the text of one. */
export type Job = { readonly args: readonly string[] } | { readonly script: Uint8Array };
/** Runs a job; its exit code, null when it could not be started or was ended. */
export type JobRunner = {
  run(job: Job, output: (piece: Uint8Array) => void): Promise<number | null>;
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
  /** It has heard a leader, in this life or an earlier one: stale reads are answered. Else they wait for one. */
  hasState(): boolean;
  /** Takes this server out of raft's group, if it has others in it; false when that could not be done in time. */
  leave(): Promise<boolean>;
  stop(): void;
};

/** One connection of gossip. What is written before it is open is sent once it is. */
export type GossipStream = {
  readonly peer: GossipAddress;
  write(bytes: Uint8Array): void;
  /** Sends what was written, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
};
/** `closed` comes exactly once, last; the reason is "" when the other side closed in order. */
export type GossipStreamEvents = { data(chunk: Uint8Array): void; closed(reason: string): void };

/** A UDP socket and a TCP listener on one address and port. */
export type GossipDoor = {
  readonly port: number;
  /** Best effort; an address that is none is dropped. */
  send(to: GossipAddress, datagram: Uint8Array): void;
  dial(to: GossipAddress, events: GossipStreamEvents): GossipStream;
  close(): Promise<void>;
};
export type GossipDoorOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  packet(datagram: Uint8Array, from: GossipAddress): void;
  /** A peer has connected; null refuses it. */
  accepted(stream: GossipStream): GossipStreamEvents | null;
};
export type GossipNetwork = {
  /** Opens both, or fails with what is wrong and what to do. */
  open(options: GossipDoorOptions): Promise<Result<GossipDoor, string>>;
  /** All addresses of a host name, or why there is none. */
  resolve(host: string): Promise<Result<readonly Uint8Array[], string>>;
  /** A clock that never jumps, with fractions: round trips are measured by it. */
  monotonic(): Millis;
};

/** What the operating system says about this host and process, for /v1/agent/host and metrics. */
export type HostInfo = {
  readonly hostname: string;
  /** Of /v1/agent/host, in Consul's shape. */
  describe(): Record<string, unknown>;
  /** Gauges by name ("runtime.alloc_bytes"). */
  runtimeGauges(): Readonly<Record<string, number>>;
};

/** The agent's own log as it is written, for /v1/agent/monitor. */
export type LogFollower = (
  level: Parameters<Log>[0],
  json: boolean,
  line: (text: string) => void,
) => () => void;

/** Sends one UDP packet to "host:port", without waiting and without telling. */
export type PacketSender = (address: string, packet: string) => void;

export type AgentPorts = {
  readonly log: Log;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly entropy: Entropy;
  readonly files: Files;
  readonly dialer: LinkDialer;
  /** In place of the dialer, when the configuration has an own server. */
  readonly ownServer?: OwnServer;
  /** The servers that gossip knows, when somebody else reads them, too (the own server); else the agent makes one. */
  readonly directory?: MutableServerDirectory;
  /** What an agent that has the gossip key shows to its servers; it says nothing about the key. */
  readonly linkToken?: (secret: string, datacenter: string) => string;
  /** Both or none: without them the agent does not gossip. */
  readonly gossipNetwork?: GossipNetwork;
  readonly gossipCipher?: GossipCipher;
  /** Absent: no snapshots (tests). */
  readonly compression?: Compression;
  readonly httpProbe: HttpProbe;
  readonly tcpProbe: TcpProbe;
  /** Absent where none can be run: such checks are critical and say so. */
  readonly otherProbes?: OtherProbes;
  /** Absent: no remote execution, whatever is configured. */
  readonly jobs?: JobRunner;
  /** Milliseconds with a fraction, for how long things took; absent: nothing is measured. */
  readonly stopwatch?: () => Millis;
  readonly hostInfo?: HostInfo;
  readonly followLog?: LogFollower;
  readonly sendPacket?: PacketSender;
  /** Runs `body` at the end of this turn of the event loop: frames and syncs are coalesced there. */
  readonly defer: (body: () => void) => void;
};
