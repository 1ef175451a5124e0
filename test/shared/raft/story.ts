// Runs a story: a text of commands on a CoreCluster, each followed by a line of dashes and the trace that it leaves.
//
//   servers a b c            voters of a new group, with empty disks
//   log a 1 1 2              the terms of its log by index
//   term a 3 b               the term it is in, and its vote; both before "start"
//   start                    all servers take their first step
//   spare d                  a server with an empty disk that knows of nobody
//   demand a 9               it asks everybody for a vote in that term, as a server without pre-vote would
//   campaign a               its deadline comes, long after any leader was heard
//   propose a x              change a addNonvoter d / remove b / replace b c d      transfer a b
//   deliver [from>to] [kind] the oldest message that fits, or all there are ("deliver all", with what follows)
//   shorten from>to 1        the oldest append on that way, with only its first entries
//   drop [from>to] [kind]    the same, all of them lost        lose [from>to] [kind]   the oldest one
//   wait 400                 time passes, messages take none; pass 9000: the same, and nothing of it is told
//   wake a 300               time passes, and only its deadline rings
//   crash a   restart a   cut a   heal   compact a   plant countingOldTerms   state

import { describeMessage, describeState } from "../../../shared/raft/describe.ts";
import { entriesBetween, lastIndex, termAt } from "../../../shared/raft/log.ts";
import { configurationOf } from "../../../shared/raft/state.ts";
import { step } from "../../../shared/raft/step.ts";
import type { MembershipChange, RaftMessage, RaftServer, ServerId } from "../../../shared/raft/types.ts";
import { CoreCluster } from "./core-cluster.ts";
import { group } from "./raft-group.ts";

/** The story with the traces that it leaves now; equal to `text` when nothing changed. */
export function tell(text: string): string {
  const story = new Story();
  return `${text
    .split(/\n\n+/)
    .map((block) => {
      const lines = block.split("\n");
      const commands = lines.filter((line) => !line.startsWith("#"));
      const comments = lines.filter((line) => line.startsWith("#"));
      const end = commands.indexOf("----");
      const own = (end === -1 ? commands : commands.slice(0, end)).filter((line) => line !== "");
      if (own.length === 0) return comments.join("\n");
      return [...comments, ...own, "----", ...own.flatMap((line) => story.run(line))].join("\n");
    })
    .filter((block) => block !== "")
    .join("\n\n")}\n`;
}

class Story {
  readonly #cluster = new CoreCluster();
  #names: readonly ServerId[] = [];
  readonly #logs = new Map<string, readonly number[]>();
  readonly #terms = new Map<string, { readonly term: number; readonly votedFor: ServerId }>();
  /** What was first applied at each index, and where. */
  readonly #history = new Map<number, readonly [entry: string, id: string]>();
  #trace: string[] = [];

  constructor() {
    this.#cluster.onMessage = (message, fate) => {
      this.#trace.push(`${fate === "dropped" ? "lost: " : ""}${describeMessage(message)}`);
    };
  }

  run(line: string): readonly string[] {
    this.#trace = [];
    const before = this.#roles();
    const applied = this.#applied();
    const [command = "", ...words] = line.split(" ");
    this.#perform(command, words);
    for (const [id, role] of this.#roles()) {
      if (before.get(id) !== undefined && before.get(id) !== role) this.#trace.push(`${id} is ${role}`);
    }
    for (const [id, entries] of this.#applied()) {
      const news = entries.slice(applied.get(id)?.length ?? 0);
      if (news.length > 0) this.#trace.push(`${id} applies ${news.join(" ")}`);
      for (const entry of news) this.#check(id, entry);
    }
    return this.#trace.map((each) => `  ${each}`);
  }

  /** §5.4 State Machine Safety. */
  #check(id: string, entry: string): void {
    const index = Number.parseInt(entry, 10);
    const [known, where] = this.#history.get(index) ?? [entry, id];
    this.#history.set(index, [known, where]);
    if (known !== entry)
      this.#trace.push(`VIOLATION: ${id} applies ${entry} where ${where} applied ${known}`);
  }

  #perform(command: string, words: readonly string[]): void {
    const cluster = this.#cluster;
    const [first = "", second = ""] = words;
    switch (command) {
      case "servers":
        this.#names = words as readonly ServerId[];
        return;
      case "log":
        this.#logs.set(first, words.slice(1).map(Number));
        return;
      case "term":
        this.#terms.set(first, { term: Number(second), votedFor: words[2] as ServerId });
        return;
      case "shorten":
        this.#shorten(first, Number(second));
        return;
      case "start":
        for (const id of this.#names) this.#start(id);
        return;
      case "spare":
        cluster.add(first, null);
        return;
      case "campaign":
        cluster.now += 60_000;
        cluster.take(first, { kind: "wake" });
        return;
      case "propose":
        cluster.take(first, { kind: "propose", commands: words.slice(1) });
        return;
      case "change":
        this.#change(first, words.slice(1));
        return;
      case "demand":
        this.#demandVotes(first as ServerId, Number(second));
        return;
      case "transfer":
        cluster.take(first, { kind: "transfer", to: second as ServerId });
        return;
      case "deliver":
      case "drop":
      case "lose":
        this.#move(command, words);
        return;
      case "wait":
        cluster.advance(Number(first));
        return;
      case "pass":
        cluster.advance(Number(first));
        this.#trace = [];
        return;
      case "wake":
        cluster.now += Number(second);
        cluster.take(first, { kind: "wake" });
        return;
      case "crash":
        cluster.crash(first);
        return;
      case "restart":
        cluster.restart(first);
        return;
      case "cut":
        cluster.isolate(first);
        return;
      case "heal":
        cluster.heal();
        return;
      case "compact":
        cluster.compact(first);
        return;
      case "plant":
        cluster.takeStep = countingOldTerms;
        return;
      case "state":
        for (const { state } of cluster.cores.values()) this.#trace.push(this.#describe(state));
        return;
      default:
        throw new Error(`no command ${command}`);
    }
  }

  #start(id: ServerId): void {
    const terms = this.#logs.get(id) ?? [];
    const entries = terms.map((term, at) => ({ index: at + 1, term, command: `${id}${term}` }));
    const hard = this.#terms.get(id) ?? { term: terms.at(-1) ?? 0 };
    this.#cluster.add(id, group(this.#names), hard, entries);
  }

  #demandVotes(from: ServerId, term: number): void {
    for (const to of this.#names.filter((name) => name !== from)) {
      const last = { index: 99, term: term - 1 };
      this.#cluster.inFlight.push({ kind: "requestVote", from, to, term, last, transfer: null });
    }
  }

  #shorten(way: string, count: number): void {
    const at = this.#cluster.inFlight.findIndex(
      (message) => message.kind === "append" && `${message.from}>${message.to}` === way,
    );
    const [message] = this.#cluster.inFlight.splice(at, 1);
    if (message?.kind !== "append")
      throw new Error(
        `no append on its way ${way}, only ${this.#cluster.inFlight.map(describeMessage).join(", ")}`,
      );
    this.#cluster.inFlight.unshift({ ...message, entries: message.entries.slice(0, count) });
    this.#cluster.deliverOne();
  }

  #change(id: string, [kind = "", ...ids]: readonly string[]): void {
    const server = (name: string): RaftServer => ({ id: name as ServerId, address: name, voter: true });
    const change =
      kind === "replace" ? { kind, servers: ids.map(server) } : { kind, id: ids[0], address: ids[0] };
    const { answers } = this.#cluster.take(id, { kind: "change", change: change as MembershipChange });
    for (const answer of answers) if (answer.kind === "changeRefused") this.#trace.push(answer.reason);
  }

  #move(command: "deliver" | "drop" | "lose", words: readonly string[]): void {
    const cluster = this.#cluster;
    const way = words.find((word) => word.includes(">"));
    const kind = words.find((word) => !word.includes(">") && word !== "all");
    const fits = (message: RaftMessage): boolean =>
      (way === undefined || `${message.from}>${message.to}` === way) &&
      (kind === undefined || message.kind === kind);
    if (command !== "deliver") {
      const lost = cluster.inFlight.filter(fits).slice(0, command === "lose" ? 1 : undefined);
      cluster.inFlight = cluster.inFlight.filter((message) => !lost.includes(message));
      for (const message of lost) this.#trace.push(`lost: ${describeMessage(message)}`);
      return;
    }
    const most = words.includes("all") ? 200 : 1;
    for (let n = 0; n < most; n += 1) if (!cluster.deliverOne(fits)) return;
  }

  #describe(state: ReturnType<CoreCluster["core"]>["state"]): string {
    const { log } = state;
    const terms = entriesBetween(log, log.base.index + 1, lastIndex(log), 1e6).map((entry) => entry.term);
    const base = log.base.index > 0 ? `${log.base.index}/${termAt(log, log.base.index)}… ` : "";
    const { servers, outgoing } = configurationOf(state);
    const names = (list: readonly RaftServer[]) =>
      list.map((server) => (server.voter ? server.id : `(${server.id})`)).join(" ");
    const joint = outgoing.length > 0 ? ` and ${names(outgoing)}` : "";
    return `${describeState(state)} log ${base}[${terms.join(" ")}] of ${names(servers)}${joint}`;
  }

  #roles(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#cluster.cores].map(([id, { state }]) => [id, `${state.role} in term ${state.hard.term}`]),
    );
  }

  #applied(): ReadonlyMap<string, readonly string[]> {
    return new Map(
      [...this.#cluster.cores].map(([id, core]) => [
        id,
        core.disk.applied.map((entry) => `${entry.index}/${entry.term}`),
      ]),
    );
  }
}

/** The bug that Figure 8 of the paper shows: an entry of an older term is committed because a majority holds it. */
const countingOldTerms: typeof step = (state, input, now) => {
  const effects = step(state, input, now);
  if (state.leading === null || input.kind !== "message") return effects;
  const matches = [...state.leading.progress.values()].map((progress) => progress.match);
  const held = [...matches, state.log.persistedIndex].sort((one, other) => other - one);
  const index = held[Math.floor(held.length / 2)] ?? 0;
  if (index <= state.commitIndex) return effects;
  const apply = entriesBetween(state.log, state.commitIndex + 1, index, 1e6);
  state.commitIndex = index;
  state.applyingIndex = index;
  return { ...effects, apply: [...effects.apply, ...apply] };
};
