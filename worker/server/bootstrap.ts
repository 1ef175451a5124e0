// The first configuration of servers that were started with -bootstrap-expect=N: once N of them know each other, agree
// on who they are, and none has state of raft, each writes down the same list. Whoever meets a group that exists
// already joins in its list, if it stands there from the beginning, or waits to be added by the leader.

import type { Millis } from "../../shared/base/brand.ts";
import { errorMessage } from "../../shared/errors.ts";
import type { RaftServer, ServerId } from "../../shared/raft/types.ts";
import { type KnownServer, serverAddress } from "../../shared/structs/known-server.ts";
import type { BootstrapView } from "../../shared/structs/raft-configuration.ts";
import type { ServerConfig } from "./config.ts";
import type { Deadlines } from "./deadlines.ts";
import { isObject } from "./endpoints/request-shape.ts";
import type { Directory, ServerPorts } from "./ports.ts";
import type { RaftDriver } from "./raft-driver.ts";

const pollMillis: Millis = 500;
/** A group that exists is not going to change its mind soon, and asking keeps a server awake. */
const settledPollMillis: Millis = 60_000;
const answerMillis: Millis = 1_000;

/** Those that expect as many servers as this one, itself among them, by id. */
export function bootstrapCandidates(
  known: readonly KnownServer[],
  config: Pick<ServerConfig, "datacenter" | "bootstrapExpect">,
): readonly KnownServer[] {
  const expect = config.bootstrapExpect ?? 0;
  return known.filter(
    (server) =>
      expect > 0 &&
      server.bootstrapExpect === expect &&
      server.state === "alive" &&
      server.datacenter === config.datacenter &&
      !server.nonVoter,
  );
}

export type BootstrapDecision =
  /** `settled`: a group exists, and this server is none of its first members. */
  | { readonly kind: "wait"; readonly why: string; readonly settled: boolean }
  | { readonly kind: "bootstrap"; readonly servers: readonly RaftServer[] };

/** What to do, from what is known here and what each server answered (null: nothing in time). */
export function decideBootstrap(
  self: string,
  config: Pick<ServerConfig, "datacenter" | "bootstrapExpect">,
  known: readonly KnownServer[],
  views: ReadonlyMap<string, BootstrapView | null>,
): BootstrapDecision {
  const wait = (why: string, settled = false): BootstrapDecision => ({ kind: "wait", why, settled });
  for (const [id, view] of views) {
    if (view === null || view.group.length === 0) continue;
    // Ours from the beginning: the others were quicker.
    const isOurs = view.index === 0 && view.group.some((server) => server.id === self);
    if (isOurs) return { kind: "bootstrap", servers: view.group as readonly RaftServer[] };
    return wait(`${nameOf(known, id)} belongs to a group already: this server waits to be added to it`, true);
  }
  const expect = config.bootstrapExpect ?? 0;
  const alive = known.filter((server) => server.state === "alive" && server.datacenter === config.datacenter);
  const odd = alive.find(
    (server) => !server.nonVoter && server.bootstrapExpect > 0 && server.bootstrapExpect !== expect,
  );
  if (odd !== undefined) {
    return wait(
      `${odd.name} expects ${odd.bootstrapExpect} servers and this one ${expect}: give all the same -bootstrap-expect`,
    );
  }
  const single = alive.find((server) => server.bootstrap && server.id !== self);
  if (single !== undefined) return wait(`${single.name} was started with -bootstrap: it adds the others`);
  const candidates = bootstrapCandidates(known, config);
  if (candidates.length < expect) return wait(`${candidates.length} of ${expect} servers are known`);
  const chosen = candidates.slice(0, expect);
  if (!chosen.some(({ id }) => id === self))
    return wait("the others are enough: this server waits to be added");
  const ids = candidates.map(({ id }) => id).join();
  for (const { id, name } of chosen) {
    if (id === self) continue;
    const view = views.get(id) ?? null;
    if (view === null) return wait(`${name} does not answer on its server port`);
    if (view.expect !== expect || view.candidates.join() !== ids) {
      return wait(`${name} does not know the same servers yet`);
    }
  }
  const servers = chosen.map((server) => ({
    id: server.id as ServerId,
    address: serverAddress(server),
    voter: true,
  }));
  return { kind: "bootstrap", servers };
}

function nameOf(known: readonly KnownServer[], id: string): string {
  return known.find((server) => server.id === id)?.name ?? id;
}

type Parts = {
  readonly config: ServerConfig;
  readonly ports: Pick<ServerPorts, "peers" | "log">;
  readonly directory: Directory;
  readonly deadlines: Deadlines;
  readonly driver: Pick<RaftDriver, "status" | "bootstrap">;
};

export type Bootstrapping = { start(): void };

/** The search of one server for its first configuration; ends when it has one, however it came. */
export function createBootstrapping(parts: Parts): Bootstrapping {
  const { config, ports, directory, deadlines, driver } = parts;
  let said = "";
  let busy = false;
  let running = false;
  let cancel: () => void = () => {};
  let stopListening: () => void = () => {};

  async function look(): Promise<void> {
    if (busy || !running) return;
    busy = true;
    cancel();
    const known = directory.servers();
    const others = known.filter((server) => server.id !== config.id && server.state === "alive");
    const asked = others.map(async ({ id }) => [id, await ask(parts, id as ServerId)] as const);
    const views = new Map(await Promise.all(asked));
    busy = false;
    if (driver.status().bootstrapped) return stop();
    const decision = decideBootstrap(config.id, config, directory.servers(), views);
    if (decision.kind === "wait") {
      if (decision.why !== said) ports.log("info", `bootstrap: waiting: ${decision.why}`);
      said = decision.why;
    } else {
      const done = driver.bootstrap(decision.servers);
      const servers = decision.servers.map(({ address }) => address).join(" ");
      if (done.ok) ports.log("info", "bootstrap: the group begins", { servers });
      else ports.log("error", "bootstrap: failed", { servers, error: errorMessage(done.error) });
      if (done.ok) return stop();
    }
    const settled = decision.kind === "wait" && decision.settled;
    cancel = deadlines.after(settled ? settledPollMillis : pollMillis, () => void look());
  }

  function stop(): void {
    running = false;
    cancel();
    stopListening();
  }

  return {
    start() {
      if ((config.bootstrapExpect ?? 0) === 0 || driver.status().bootstrapped) return;
      running = true;
      stopListening = directory.onChange(() => void look());
      void look();
    },
  };
}

/** Null when it did not answer in time. */
function ask(parts: Parts, server: ServerId): Promise<BootstrapView | null> {
  return new Promise((resolve) => {
    const cancel = parts.deadlines.after(answerMillis, () => resolve(null));
    void parts.ports.peers.call(server, "Status.Bootstrap", {}).then((answer) => {
      cancel();
      resolve(answer.ok && isView(answer.value) ? answer.value : null);
    });
  });
}

function isView(value: unknown): value is BootstrapView {
  return (
    isObject(value) &&
    typeof value.expect === "number" &&
    typeof value.index === "number" &&
    Array.isArray(value.candidates) &&
    Array.isArray(value.group) &&
    value.group.every((server) => isObject(server) && typeof server.id === "string")
  );
}
