// What the commands need from the process: streams, files, the network. Composed in agent/main.ts; tests pass fakes.

import type { Compression } from "../../shared/api/compression.ts";
import type { Result } from "../../shared/base/result.ts";
import type { ConfigPorts } from "../config/load.ts";
import type { RuntimeConfig } from "../config/runtime-config.ts";

export type CliHttpRequest = {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** "http://127.0.0.1:8500" or "unix:///run/legate.sock" */
  readonly origin: string;
  /** Path and query, already escaped; sent as it is. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  /** Takes a good answer's body piece by piece, for one that does not end; the reply's body is then empty. */
  readonly onPiece?: (piece: Uint8Array) => void;
  /** Called at once with how to give the request up. */
  readonly onStart?: (stop: () => void) => void;
  readonly tls: {
    readonly caFile: string;
    readonly certFile: string;
    readonly keyFile: string;
    readonly serverName: string;
    readonly verify: boolean;
  };
};
export type CliHttpReply = {
  readonly status: number;
  readonly body: Uint8Array;
  /** By lower-case name; none when nobody looks. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** A program that `legate lock` and `legate watch` run; its output is ours. */
export type CliChild = {
  /** Its exit code, 128 and the signal's number when a signal ended it. */
  readonly exited: Promise<number>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
};
export type CliSpawn = {
  readonly words: readonly string[];
  /** The words are one line for a shell (SHELL, or sh). */
  readonly shell: boolean;
  readonly passStdin: boolean;
  /** Its standard input, when that is not ours. */
  readonly stdin?: string;
  readonly env: Readonly<Record<string, string>>;
};

export type CliPorts = {
  /** The name it was called by: "legate" or "consul". */
  readonly program: string;
  readonly stdout: (text: string | Uint8Array) => void;
  readonly stderr: (text: string) => void;
  /** The bytes of a file, or why not ("open x: no such file or directory"). */
  readonly readFile: (path: string) => Result<Uint8Array, string>;
  /** Writes a file that only its owner may read; the error as readFile's. */
  readonly writeFile: (path: string, bytes: Uint8Array) => Result<void, string>;
  /** Writes files, by their paths below a directory that is made. */
  readonly writeTree: (directory: string, files: ReadonlyMap<string, Uint8Array>) => Result<void, string>;
  readonly gunzip: Compression["gunzip"];
  readonly gzip: (bytes: Uint8Array) => Promise<Uint8Array>;
  readonly readStdin: () => Promise<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The error is Go's text of a failed connection ("dial tcp 127.0.0.1:1: connect: connection refused"). */
  readonly http: (request: CliHttpRequest) => Promise<Result<CliHttpReply, string>>;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly spawn: (request: CliSpawn) => Promise<Result<CliChild, string>>;
  /** Milliseconds of the wall clock. */
  readonly now: () => number;
  /** Runs `body` once, not before `millis`; the returned function takes it back. */
  readonly after: (millis: number, body: () => void) => () => void;
  /** Runs `body` when the user ends the program; until then it does not end by itself. Taken back like `after`. */
  readonly onInterrupt: (body: () => void) => () => void;
  readonly config: ConfigPorts;
  /** Runs an agent until it ends; its exit code. Loaded only when called: it is most of the program. */
  readonly runAgent: (config: RuntimeConfig, reload: () => Result<RuntimeConfig, string>) => Promise<number>;
};
