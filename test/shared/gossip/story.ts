// Runs a story: a text of commands on a StoryPool, each followed by a line of dashes and the trace that it leaves: the
// seconds since the story began, who, and what. Events of members are always told, messages when "show" names them.
//
//   rules swim | lifeguard       before "members"; lifeguard (with our stall rule) is what runs otherwise
//   key first                    likewise: packets are sealed with this key
//   members a b c                a pool whose members have known each other for a while
//   show ping suspect … [of a]   kinds of messages to tell from now on; "stream" for push/pulls and stream pings
//   pass 5.5                     seconds go by
//   until a failed b             the same, until a sees b so (a minute at most)
//   cut a b                      nothing passes between the two        filter a b    streams pass, packets do not
//   cut a                        the same between a and everybody      exchange a b  a state exchange, now
//   split a b | c d              nothing passes between the sides      heal          everything passes again
//   stall a 8                    its process does not run for so many seconds
//   crash a    restart a         at once; the second life knows what the first wrote down
//   leave a    give-up a b       a leaves; a says that failed b is not expected back (force-leave)
//   accuse b c                   everybody but b hears c's suspicion of b
//   event a deploy               a fires a user event
//   keys a install|use|remove K  a changes the keys of all
//   state                        who sees whom how; health scores above 0 and incarnations above 1

import { withoutLifeguard } from "../../../shared/gossip/config.ts";
import { describeMessage } from "../../../shared/gossip/describe.ts";
import { eachMember, findMember } from "../../../shared/gossip/member-table.ts";
import { keyQuery } from "../../../shared/serf/internal-queries.ts";
import {
  countKeyResponse,
  type KeyTally,
  keyTallyProblem,
  newKeyTally,
} from "../../../shared/serf/key-tally.ts";
import type { SerfEvent } from "../../../shared/serf/types.ts";
import { serfCodec } from "../../../shared/wire/serf-codec.ts";
import { StoryPool } from "./story-pool.ts";

/** The story with the traces that it leaves now; equal to `text` when nothing changed. */
export function tell(text: string): string {
  const story = new Story();
  const blocks = text.split(/\n\n+/).map((block) => {
    const lines = block.trim().split("\n");
    const comments = lines.filter((line) => line.startsWith("#"));
    const rest = lines.filter((line) => !line.startsWith("#"));
    const end = rest.indexOf("----");
    const commands = end < 0 ? rest : rest.slice(0, end);
    if (commands.every((line) => line === "")) return comments.join("\n");
    return [...comments, ...commands, "----", ...commands.flatMap((line) => story.run(line))].join("\n");
  });
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

const settledMillis = 20_000;
const eventWords: Readonly<Partial<Record<SerfEvent["kind"], string>>> = {
  memberJoin: "sees",
  memberLeave: "sees leave:",
  memberFailed: "sees fail:",
  memberUpdate: "sees change:",
  memberReap: "forgets",
};

class Story {
  readonly #pool = new StoryPool();
  #trace: string[] = [];
  #began = 0;
  #shown: readonly string[] = [];
  #shownOf: readonly string[] = [];
  #token = 0;
  readonly #tallies = new Map<number, { readonly tally: KeyTally; readonly what: string }>();

  constructor() {
    this.#pool.onMessage = (from, to, messages, arrives) => {
      if (!this.#isShown(from)) return;
      const told = messages.filter(({ kind }) => this.#shown.includes(kind)).map((one) => this.#text(one));
      if (told.length > 0) this.#tell(`${from}→${to} ${arrives ? "" : "lost: "}${told.join(", ")}`);
    };
    this.#pool.onStream = (from, to, what, arrives) => {
      if (this.#shown.includes("stream") && this.#isShown(from))
        this.#tell(`${from}⇒${to} ${what}${arrives ? "" : ": no answer"}`);
    };
    this.#pool.onEvent = (name, event) => this.#heard(name, event);
  }

  run(line: string): readonly string[] {
    this.#trace = [];
    const [command = "", ...words] = line.split(" ");
    this.#perform(command, words);
    return this.#trace.map((each) => `  ${each}`);
  }

  #perform(command: string, words: readonly string[]): void {
    const perform = this.#commands[command];
    if (perform === undefined) throw new Error(`no command ${command}`);
    perform(...words);
  }

  readonly #commands: Readonly<Record<string, (...words: string[]) => void>> = {
    rules: (name) => {
      if (name === "swim") this.#pool.profile = withoutLifeguard(this.#pool.profile);
    },
    key: (name = "") => {
      this.#pool.keyring = [keyNamed(name)];
    },
    members: (...names) => this.#settle(names),
    show: (...kinds) => {
      const of = kinds.indexOf("of");
      this.#shown = of < 0 ? kinds : kinds.slice(0, of);
      this.#shownOf = of < 0 ? [] : kinds.slice(of + 1);
    },
    pass: (seconds) => this.#pool.pass(Number(seconds) * 1_000),
    until: (name = "", status = "", about = "") => this.#until(name, status, about),
    cut: (...names) => this.#rule((from, to) => !isBetween(names, from, to)),
    filter: (...names) => this.#rule((from, to, way) => way === "stream" || !isBetween(names, from, to)),
    split: (...words) => {
      const left = words.slice(0, words.indexOf("|"));
      this.#rule((from, to) => left.includes(from) === left.includes(to));
    },
    heal: () => this.#rule(() => true),
    stall: (name = "", seconds) => this.#pool.stall(name, Number(seconds) * 1_000),
    crash: (name = "") => this.#pool.crash(name),
    restart: (name = "") => this.#pool.start(name, []),
    exchange: (from = "", to = "") => void this.#pool.exchange(this.#pool.member(from), to, false),
    leave: (name = "") => void this.#pool.ask(name, { kind: "leave" }),
    "give-up": (name = "", node = "") =>
      void this.#pool.ask(name, { kind: "forceLeave", node, prune: false }),
    accuse: (name = "", from = "") => this.#accuse(name, from),
    event: (by = "", name = "") =>
      void this.#pool.ask(by, { kind: "userEvent", name, payload: null, coalesce: false }),
    keys: (name = "", operation, key = "") => this.#changeKeys(name, operation as keyof typeof keyQuery, key),
    state: () => {
      for (const name of this.#pool.members.keys()) this.#trace.push(this.#state(name));
    },
  };

  #rule(passes: StoryPool["passes"]): void {
    this.#pool.passes = passes;
  }

  #isShown(from: string): boolean {
    return this.#shownOf.length === 0 || this.#shownOf.includes(from);
  }

  #settle(names: readonly string[]): void {
    for (const name of names) {
      this.#pool.start(name, this.#pool.members.has(names[0] ?? "") ? names.slice(0, 1) : []);
      this.#pool.pass(100);
    }
    this.#pool.pass(settledMillis);
    this.#began = this.#pool.now;
    this.#trace = [];
  }

  #until(name: string, status: string, about: string): void {
    for (let slices = 0; slices < 600; slices += 1) {
      if (this.#pool.member(name).serf.members.get(about)?.status === status) return;
      this.#pool.pass(100);
    }
    this.#tell(`${name} does not see ${about} ${status} in a minute`);
  }

  #accuse(name: string, from: string): void {
    const pool = this.#pool;
    for (const member of pool.members.values()) {
      const incarnation = findMember(member.gossip.members, name)?.incarnation ?? 0;
      const suspect = { kind: "suspect" as const, node: name, incarnation, from };
      const address = pool.member(from).serf.config.address;
      if (member.name !== name) pool.give(member, { kind: "packet", from: address, messages: [suspect] });
    }
  }

  #changeKeys(name: string, operation: keyof typeof keyQuery, key: string): void {
    this.#token += 1;
    const tally = newKeyTally(this.#pool.members.size);
    this.#tallies.set(this.#token, { tally, what: `${operation} ${key}` });
    const payload = serfCodec.encodeKeyRequest(keyNamed(key));
    const rest = { filters: [], acknowledge: false, relayFactor: 0, timeoutMillis: 0 };
    const query = { name: keyQuery[operation], payload, ...rest, responsesWanted: tally.nodes };
    this.#pool.ask(name, { kind: "query", token: this.#token, query });
  }

  #heard(name: string, event: SerfEvent): void {
    if (event.kind === "queryResponse") {
      const asked = this.#tallies.get(event.token);
      if (asked !== undefined) countKeyResponse(asked.tally, serfCodec, event.from, event.payload);
    } else if (event.kind === "queryDone") {
      const asked = this.#tallies.get(event.token);
      if (asked === undefined) return;
      const { responses, nodes } = asked.tally;
      const problem = keyTallyProblem(asked.tally);
      this.#tell(
        `${name} ${asked.what}: ${responses} of ${nodes} answered${problem === null ? "" : `; ${problem}`}`,
      );
    } else if (event.kind === "userEvent") this.#tell(`${name} hears of event ${event.name}`);
    else if (event.kind === "left") {
      this.#tell(`${name} has left`);
      this.#pool.crash(name); // its process ends
    } else if ("member" in event) this.#tell(`${name} ${eventWords[event.kind]} ${event.member.name}`);
  }

  #tell(what: string): void {
    this.#trace.push(`${((this.#pool.now - this.#began) / 1_000).toFixed(3).padStart(7)} ${what}`);
  }

  /** Sequence numbers say nothing to a reader, and addresses are made of the names. */
  #text(message: Parameters<typeof describeMessage>[0]): string {
    if (message.kind === "user") {
      const inner = serfCodec.decode(message.payload);
      return inner.ok ? `${inner.value.kind}${"node" in inner.value ? ` ${inner.value.node}` : ""}` : "user";
    }
    return describeMessage(message).replace(/ #\d+| at [\d.:]+/g, "");
  }

  #state(name: string): string {
    const { gossip, serf, isUp, keyring } = this.#pool.member(name);
    if (!isUp) return `${name} does not run`;
    const incarnations = new Map([...eachMember(gossip.members)].map((one) => [one.name, one.incarnation]));
    const others = [...serf.members.values()]
      .filter((member) => member.name !== name)
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map((member) => `${member.name} ${member.status}`);
    const own = incarnations.get(name) ?? 1;
    const notes = [
      ...(own > 1 ? [`incarnation ${own}`] : []),
      ...(gossip.healthScore > 0 ? [`health score ${gossip.healthScore}`] : []),
      ...(keyring.length > 0 ? [`keys ${keyring.map(nameOfKey).join(" ")}`] : []),
    ];
    return `${name}: ${others.join(", ")}${notes.map((note) => `; ${note}`).join("")}`;
  }
}

/** One name stands for it and everybody. */
function isBetween(names: readonly string[], from: string, to: string): boolean {
  return names.length === 1
    ? names.includes(from) || names.includes(to)
    : names.includes(from) && names.includes(to);
}

/** A key of 16 bytes that begins with its name. */
function keyNamed(name: string): Uint8Array {
  const key = new Uint8Array(16);
  new TextEncoder().encodeInto(name, key);
  return key;
}

function nameOfKey(key: Uint8Array): string {
  return new TextDecoder().decode(key).replace(/\0+$/, "");
}
