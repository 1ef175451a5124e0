// Everything that the agent needs from Node, in one value.

import { randomUUID } from "node:crypto";
import type { RuntimeConfig } from "../config/runtime-config.ts";
import type { AgentPorts, Entropy, Log, Timers } from "../ports.ts";
import { compression } from "./compression.ts";
import { diskFiles, memoryFiles } from "./files.ts";
import { dockerExec } from "./docker-exec.ts";
import { grpcProbe } from "./grpc-probe.ts";
import { gossipCipher } from "./gossip-cipher.ts";
import { gossipNetwork } from "./gossip-network.ts";
import { hostInfo } from "./host-info.ts";
import { httpProbe } from "./http-probe.ts";
import { jobRunner } from "./job-runner.ts";
import { linkDialer } from "./link-dialer.ts";
import { linkToken } from "./server-host/peer-proof.ts";
import { sendPacket } from "./packet-sender.ts";
import { processRunner } from "./process-runner.ts";
import { tcpProbe } from "./tcp-probe.ts";

/** Node turns a longer delay into 1 ms. */
const delayMillisMax = 2 ** 31 - 1;

const timers: Timers = {
  after(delayMillis, body) {
    const timer = setTimeout(body, Math.min(Math.max(delayMillis, 0), delayMillisMax));
    return () => clearTimeout(timer);
  },
};

const entropy: Entropy = { uuid: () => randomUUID(), random: () => Math.random() };

export function nodeAgentPorts(config: RuntimeConfig, log: Log): AgentPorts {
  return {
    log,
    clock: { now: () => Date.now() },
    timers,
    entropy,
    files: config.dataDir === "" ? memoryFiles() : diskFiles(config.dataDir),
    dialer: linkDialer,
    linkToken,
    compression,
    gossipNetwork: gossipNetwork(log),
    gossipCipher,
    httpProbe,
    tcpProbe,
    otherProbes: { processes: processRunner, docker: dockerExec(process.env.DOCKER_HOST), grpc: grpcProbe },
    jobs: jobRunner,
    stopwatch: () => performance.now(),
    hostInfo,
    sendPacket,
    defer: (body) => void setImmediate(body),
  };
}
