// The server's end of the agent links (shared/rpc/frames.ts): hello and welcome, requests and their answers in one
// frame a turn, cancels, the graceful goodbye, and the reset after a sleep. What must survive a sleep stands in the
// link's attachment; everything else here may be lost at any moment, and the agent asks again.

import type { Millis } from "../../shared/base/brand.ts";
import type { Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { Cancellation } from "../../shared/rpc/backend.ts";
import { type LinkHello, type LinkMessage, linkProtocolVersion } from "../../shared/rpc/frames.ts";
import { type RpcMethod, rpcKinds } from "../../shared/rpc/methods.ts";
import { type Canceller, createCanceller } from "../../shared/rpc/cancellation.ts";
import type { ServerConfig } from "./config.ts";
import type { Deadlines } from "./deadlines.ts";
import { isObject } from "./endpoints/request-shape.ts";
import {
  type AgentMessage,
  createReplyTexts,
  decodeAgentFrame,
  isMethod,
  packFrames,
} from "./link-frames.ts";
import type { AgentLink, ServerPorts } from "./ports.ts";

/** The part of hello that is kept with the link while the server sleeps. */
export type LinkedAgent = Pick<LinkHello, "node" | "nodeId" | "address" | "serfPort" | "build"> & {
  /** It is not in the catalog yet: after a sleep it is asked for its hello again. */
  readonly joining?: true;
  /** It spoke or was answered a moment ago: should memory be lost now, it may wait for more than a change. */
  readonly busy?: true;
};

/** How long a link counts as busy after its last message: up to twice as long. A server sleeps after 10 s. */
const busyMillis: Millis = 2_000;

type Session = {
  readonly link: AgentLink;
  readonly inFlight: Map<number, Canceller>;
  /** Of those, what is answered as soon as it can be: everything but blocking queries. */
  readonly prompt: Set<number>;
  /** Since the last look at who is busy. */
  active: boolean;
  /** Older than this server's memory, and not told yet. */
  forgotten: boolean;
  /** After a reset, until the agent asked again: what was answered meanwhile and would be asked a second time. */
  answered: Set<number> | null;
  outbox: string[];
  open: boolean;
};

type Handlers = {
  request(
    method: RpcMethod,
    request: unknown,
    cancellation: Cancellation,
  ): Promise<Result<unknown, ServerError>>;
  joined(hello: LinkHello, stillThere: () => boolean): Promise<void>;
  left(node: string): Promise<boolean>;
  /** A link has ended without a goodbye. */
  lost(agent: LinkedAgent): void;
};

export type LinkSessions = {
  opened(link: AgentLink): void;
  frame(link: AgentLink, text: string): void;
  closed(link: AgentLink, reason: string): void;
  /**
   * Finds the links that were there before this server woke. What waits on them is told when it matters: at once on a
   * link that was busy, else when the agent says something, and all of them when the state changes. So an alarm that
   * changes nothing stirs no agent.
   */
  start(): void;
  /** The state is another: whoever waits for that must ask again, if its question was forgotten. */
  stateChanged(): void;
  /** Says it to every agent. */
  tell(message: LinkMessage): void;
  agents(): readonly LinkedAgent[];
  /** When a link of this node last showed life; null when it has none here. */
  lastSeen(node: string): Millis | null;
  /** Who said hello for this node here, its name in any case; null when it has no link here. */
  agentOf(node: string): LinkedAgent | null;
};

type Ports = Pick<ServerPorts, "links" | "defer" | "log" | "entropy"> & {
  readonly deadlines: Pick<Deadlines, "after">;
};

/** The links of one server. */
export function createLinkSessions(ports: Ports, config: ServerConfig, handlers: Handlers): LinkSessions {
  const texts = createReplyTexts(ports.entropy.uuid());
  const sessions = new Map<string, Session>();
  /** By node name in lower case, as the catalog's keys are; the latest last. Two agents may claim one name. */
  const byNode = new Map<string, readonly Session[]>();

  let forgottenLinks = 0;
  let isLookDue = false;

  function index(session: Session): void {
    const agent = agentOf(session.link);
    if (agent !== null) setOfNode(agent.node, [...without(agent.node, session), session]);
  }

  function without(node: string, session: Session): readonly Session[] {
    return (byNode.get(node.toLowerCase()) ?? []).filter((other) => other !== session);
  }

  function setOfNode(node: string, list: readonly Session[]): void {
    if (list.length === 0) byNode.delete(node.toLowerCase());
    else byNode.set(node.toLowerCase(), list);
  }

  function sessionOf(link: AgentLink): Session {
    let session = sessions.get(link.id);
    if (session === undefined) {
      const nothing = { inFlight: new Map(), prompt: new Set<number>(), answered: null, outbox: [] };
      session = { link, ...nothing, active: false, forgotten: false, open: true };
      sessions.set(link.id, session);
    }
    return session;
  }

  function post(session: Session, message: LinkMessage): void {
    postText(session, JSON.stringify(message));
  }

  function postText(session: Session, text: string): void {
    if (!session.open) return;
    keepBusy(session);
    session.outbox.push(text);
    if (session.outbox.length === 1) ports.defer(() => flush(session));
  }

  function flush(session: Session): void {
    const messages = session.outbox;
    session.outbox = [];
    if (session.open) for (const frame of packFrames(messages)) session.link.send(frame);
  }

  /** Written with the link, where it outlives our memory; so only when it changes. */
  function keepBusy(session: Session): void {
    const agent = agentOf(session.link);
    if (agent === null) return;
    session.active = true;
    if (agent.busy !== true) session.link.attach({ ...agent, busy: true } satisfies LinkedAgent);
    if (isLookDue) return;
    isLookDue = true;
    ports.deadlines.after(busyMillis, lookWhoIsBusy);
  }

  function lookWhoIsBusy(): void {
    isLookDue = false;
    for (const session of sessions.values()) {
      const agent = agentOf(session.link);
      if (agent?.busy !== true || !session.open) continue;
      const isBusy = session.active || session.prompt.size > 0;
      session.active = false;
      if (isBusy) isLookDue = true;
      else session.link.attach(withoutBusy(agent));
    }
    if (isLookDue) ports.deadlines.after(busyMillis, lookWhoIsBusy);
  }

  /** Says that what was asked on this link before our sleep is forgotten; once. */
  function remind(session: Session): void {
    if (!session.forgotten) return;
    session.forgotten = false;
    forgottenLinks -= 1;
    session.answered = new Set();
    post(session, agentOf(session.link)?.joining === true ? { t: "reset", hello: true } : { t: "reset" });
  }

  function end(session: Session): void {
    if (session.forgotten) forgottenLinks -= 1;
    session.forgotten = false;
    session.open = false;
    const agent = agentOf(session.link);
    if (agent !== null) setOfNode(agent.node, without(agent.node, session));
    if (sessions.get(session.link.id) === session) sessions.delete(session.link.id);
    for (const canceller of session.inFlight.values()) canceller.cancel();
    session.inFlight.clear();
    session.prompt.clear();
  }

  /** Says why, and hangs up. */
  function refuse(session: Session, reason: string): void {
    ports.log("warn", "server: closed a link", { link: session.link.id, reason });
    post(session, { t: "error", id: 0, error: serverError("badRequest", reason) });
    flush(session);
    end(session);
    session.link.close(reason);
  }

  function hello(session: Session, message: LinkHello): void {
    if (message.version !== linkProtocolVersion) {
      refuse(session, `link protocol ${message.version} is not spoken here, but ${linkProtocolVersion}`);
      return;
    }
    if (message.datacenter !== config.datacenter) {
      refuse(session, `this is datacenter "${config.datacenter}", not "${message.datacenter}"`);
      return;
    }
    const before = agentOf(session.link);
    if (before !== null) setOfNode(before.node, without(before.node, session));
    const { node, nodeId, address, serfPort, build } = message;
    const agent: LinkedAgent = { node, nodeId, address, serfPort, build };
    session.link.attach({ ...agent, joining: true } satisfies LinkedAgent);
    index(session);
    const { version, datacenter } = message;
    post(session, { t: "welcome", version, datacenter, server: config.id });
    void handlers
      .joined(message, () => session.open)
      .then(() => {
        if (!session.open) return;
        session.link.attach(agent);
        keepBusy(session);
      });
  }

  function request(session: Session, message: AgentMessage & { t: "request" }): void {
    const { id, method } = message;
    if (session.inFlight.has(id) || session.answered?.has(id) === true) return;
    const refused = refusalOf(session, message);
    if (refused !== null) {
      post(session, { t: "error", id, error: refused });
      return;
    }
    const canceller = createCanceller();
    session.inFlight.set(id, canceller);
    if (!isBlocking(message.request)) session.prompt.add(id);
    void handlers.request(method, message.request, canceller.cancellation).then((answer) => {
      if (session.inFlight.get(id) !== canceller) return; // taken back, or the link is gone
      session.inFlight.delete(id);
      session.prompt.delete(id);
      if (session.answered !== null && session.answered.size < limits.linkRequestsInFlightMax) {
        session.answered.add(id);
      }
      if (answer.ok) postText(session, fitting(id, texts.reply(id, answer.value, message.have)));
      else post(session, { t: "error", id, error: answer.error });
    });
  }

  function cancel(session: Session, id: number): void {
    const canceller = session.inFlight.get(id);
    session.inFlight.delete(id);
    session.prompt.delete(id);
    canceller?.cancel();
  }

  async function goodbye(session: Session): Promise<void> {
    const agent = agentOf(session.link);
    const done = agent !== null && (await handlers.left(agent.node));
    const reason = done ? "goodbye" : "goodbye, but the node could not be deregistered";
    if (session.open) flush(session);
    end(session);
    session.link.close(reason);
  }

  function handle(session: Session, message: AgentMessage): void {
    if (message.t === "hello") hello(session, message);
    else if (agentOf(session.link) === null) refuse(session, "hello comes first");
    else if (message.t === "request") request(session, message);
    else if (message.t === "cancel") cancel(session, message.id);
    else void goodbye(session);
  }

  return {
    opened: (link) => void sessionOf(link),
    frame(link, text) {
      const session = sessionOf(link);
      const messages = decodeAgentFrame(text);
      if (typeof messages === "string") return refuse(session, messages);
      remind(session);
      keepBusy(session);
      let askedAgain = false;
      for (const message of messages) {
        if (!session.open) return;
        askedAgain ||= message.t === "request" && message.again === true;
        handle(session, message);
      }
      if (askedAgain) session.answered = null;
    },
    closed(link, reason) {
      const session = sessions.get(link.id);
      if (session === undefined) return;
      ports.log("debug", "server: a link closed", { link: link.id, reason });
      const agent = agentOf(link);
      end(session);
      if (agent !== null) handlers.lost(agent);
    },
    start() {
      for (const link of ports.links.all()) {
        const session = sessionOf(link);
        session.forgotten = true;
        forgottenLinks += 1;
        index(session);
        const agent = agentOf(link);
        if (agent?.joining === true || agent?.busy === true) remind(session);
      }
    },
    stateChanged() {
      if (forgottenLinks === 0) return;
      for (const session of sessions.values()) remind(session);
    },
    tell(message) {
      for (const session of sessions.values()) {
        if (agentOf(session.link) !== null) post(session, message);
      }
    },
    lastSeen(node) {
      const times = (byNode.get(node.toLowerCase()) ?? []).map(({ link }) => link.lastSeen());
      return times.length === 0 ? null : Math.max(...times);
    },
    agentOf(node) {
      const session = byNode.get(node.toLowerCase())?.at(-1);
      return session === undefined ? null : agentOf(session.link);
    },
    agents: () => ports.links.all().flatMap((link) => agentOf(link) ?? []),
  };
}

function withoutBusy({ busy: _, ...agent }: LinkedAgent): LinkedAgent {
  return agent;
}

/** Its answer may wait for a change. */
function isBlocking(request: unknown): boolean {
  const options = isObject(request) ? request.options : null;
  return isObject(options) && Number(options.minIndex) > 0;
}

/** Null when the request may be worked on. */
function refusalOf(session: Session, message: AgentMessage & { t: "request" }): ServerError | null {
  if (!isMethod(message.method)) return serverError("notImplemented", String(message.method));
  if (session.inFlight.size >= limits.linkRequestsInFlightMax) return serverError("tooBusy", "this link");
  // A write that we do not know was in the hands of the server we were before: it may or may not have happened.
  const isWrite = rpcKinds[message.method] === "write";
  return message.again === true && isWrite ? serverError("leadershipLost") : null;
}

/** An answer that cannot travel becomes an error that can. */
function fitting(id: number, text: string): string {
  if (text.length <= limits.linkAnswerCharsMax) return text;
  const error = serverError("answerTooLarge", String(limits.linkAnswerCharsMax));
  return JSON.stringify({ t: "error", id, error } satisfies LinkMessage);
}

/** Who said hello on this link, also before the server slept. */
export function agentOf(link: AgentLink): LinkedAgent | null {
  const kept = link.attachment();
  if (!isObject(kept) || typeof kept.node !== "string") return null;
  return kept as LinkedAgent;
}
