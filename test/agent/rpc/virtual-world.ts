// Ports of an agent on virtual time, and a server at the other end of the link that speaks frames.ts.

import type { AgentPorts, LinkEvents, ProbeResult } from "../../../agent/ports.ts";
import { standardDnsConfig } from "../../../agent/config/dns-config.ts";
import { standardHttpConfig } from "../../../agent/config/http-config.ts";
import { standardTelemetryConfig } from "../../../agent/config/telemetry-config.ts";
import type { RuntimeConfig } from "../../../agent/config/runtime-config.ts";
import { decodeFrame } from "../../../agent/rpc/link-frames.ts";
import type { LinkMessage } from "../../../shared/rpc/frames.ts";

type Timer = { at: number; order: number; body: () => void };

export class FakeSocket {
  readonly url: string;
  readonly token: string;
  readonly events: LinkEvents;
  readonly frames: string[] = [];
  closed = false;
  answersPings = true;
  constructor(url: string, token: string, events: LinkEvents) {
    this.url = url;
    this.token = token;
    this.events = events;
  }
  /** All messages the agent sent, keep-alives left out. */
  get messages(): LinkMessage[] {
    return this.frames
      .filter((frame) => frame !== "ping")
      .flatMap((frame) => [...(decodeFrame(frame) ?? [])]);
  }
  requests(method?: string) {
    return this.messages
      .filter((message) => message.t === "request")
      .filter((message) => method === undefined || message.method === method);
  }
  say(...messages: LinkMessage[]): void {
    this.events.frame(JSON.stringify(messages));
  }
  welcome(): void {
    this.events.opened();
    this.say({ t: "welcome", version: 1, datacenter: "dc1", server: "server-1" });
  }
}

/** One agent's surroundings. */
export class VirtualWorld {
  now = 1_000_000;
  readonly sockets: FakeSocket[] = [];
  readonly files = new Map<string, string>();
  readonly logs: string[] = [];
  httpResult: ProbeResult = { ok: true, status: 200, statusText: "OK", body: "fine", error: "" };
  tcpError = "";
  httpProbes = 0;
  #timers = new Set<Timer>();
  #order = 0;
  #uuid = 0;

  readonly ports: AgentPorts = {
    log: (level, message) => void this.logs.push(`${level} ${message}`),
    clock: { now: () => this.now },
    timers: {
      after: (delay, body) => {
        const timer = { at: this.now + delay, order: this.#order++, body };
        this.#timers.add(timer);
        return () => void this.#timers.delete(timer);
      },
    },
    entropy: {
      uuid: () => `00000000-0000-4000-8000-${String(++this.#uuid).padStart(12, "0")}`,
      random: () => 0.5,
    },
    files: {
      read: (path) => this.files.get(path) ?? null,
      write: (path, text) => void this.files.set(path, text),
      remove: (path) => void this.files.delete(path),
      list: (directory) =>
        [...this.files.keys()]
          .filter(
            (path) => path.startsWith(`${directory}/`) && !path.slice(directory.length + 1).includes("/"),
          )
          .map((path) => path.slice(directory.length + 1)),
    },
    dialer: {
      dial: (url, token, events) => {
        const socket = new FakeSocket(url, token, events);
        this.sockets.push(socket);
        return {
          send: (frame) => {
            socket.frames.push(frame);
            if (frame === "ping" && socket.answersPings) queueMicrotask(() => events.frame("pong"));
          },
          close: () => {
            socket.closed = true;
          },
        };
      },
    },
    httpProbe: {
      probe: async () => {
        this.httpProbes += 1;
        return this.httpResult;
      },
    },
    tcpProbe: { connect: async () => this.tcpError },
    defer: (body) => queueMicrotask(body),
  };

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nothing was dialled");
    return socket;
  }

  /** Lets everything that is ready run, without time passing. */
  async settle(): Promise<void> {
    for (let i = 0; i < 40; i++) await Promise.resolve();
  }

  async advance(millis: number): Promise<void> {
    const end = this.now + millis;
    await this.settle();
    for (;;) {
      const due = [...this.#timers]
        .filter((timer) => timer.at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.now = Math.max(this.now, due.at);
      due.body();
      await this.settle();
    }
    this.now = end;
  }
}

/** A complete configuration; tests change what they are about. */
export function aConfig(changes: Partial<RuntimeConfig> = {}): RuntimeConfig {
  return {
    nodeName: "n1",
    nodeId: "11111111-1111-4111-8111-111111111111",
    nodeMeta: {},
    datacenter: "dc1",
    domain: "consul.",
    dataDir: "/data",
    bindAddr: "127.0.0.1",
    advertiseAddr: "127.0.0.1",
    serfLanPort: 8301,
    gossip: null,
    http: [],
    dns: [],
    ownServer: null,
    performance: { raftMultiplier: 1, rpcHoldMillis: 7_000, leaveDrainMillis: 0 },
    edgeUrls: ["http://edge:1"],
    edgeToken: "secret",
    defaultToken: "",
    logLevel: "info",
    sessionTtlMinMillis: 10_000,
    checkUpdateIntervalMillis: 300_000,
    checkOutputBytesMax: 4096,
    enableRemoteScripts: false,
    discardCheckOutput: false,
    leaveOnTerminate: true,
    skipLeaveOnInterrupt: false,
    disableRemoteExec: true,
    httpConfig: standardHttpConfig,
    dnsConfig: standardDnsConfig,
    telemetry: standardTelemetryConfig,
    sidecarPorts: { min: 21_000, max: 21_255 },
    services: [],
    checks: [],
    ...changes,
  };
}
