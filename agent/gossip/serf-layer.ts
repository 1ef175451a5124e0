// Carries serf between its pure step and the world: what the membership core reports goes in; broadcasts, direct
// messages, reconnects, the keyring and events come out. One for each pool.

import type { Millis } from "../../shared/base/brand.ts";
import { formatIp } from "../../shared/base/ip.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import type { GossipEvent } from "../../shared/gossip/types.ts";
import { localUserState } from "../../shared/serf/push-pull.ts";
import { newSerfState, type SerfConfig, type SerfStart, type SerfState } from "../../shared/serf/state.ts";
import { step } from "../../shared/serf/step.ts";
import {
  memberStatuses,
  type QueryRequest,
  type SerfEffects,
  type SerfEvent,
  type SerfInput,
  type SerfMember,
} from "../../shared/serf/types.ts";
import type { Keyring } from "../../shared/structs/keyring.ts";
import type { Member, MemberStatus } from "../../shared/structs/members.ts";
import type { Log, Timers } from "../ports.ts";
import type { GossipDriver, GossipLayer } from "./driver.ts";

/** Who acknowledged, and who answered what, in the order of arrival. */
export type QueryAnswers = {
  readonly acks: readonly string[];
  readonly responses: readonly { readonly from: string; readonly payload: Uint8Array | null }[];
};

export type SerfLayer = GossipLayer & {
  /** To be looked at only. */
  readonly state: SerfState;
  /** The refusal in serf's words, or null. */
  give(input: SerfInput): string | null;
  /** The returned function stops it. */
  onEvent(listener: (event: SerfEvent) => void): () => void;
  /** Asks all that the filters name and waits for the end of the query. */
  ask(query: QueryRequest): Promise<Result<QueryAnswers, string>>;
  /** In the order of their names. */
  members(): readonly Member[];
  /** Leaves in order; resolves when the process may end. */
  leave(): Promise<void>;
  close(): void;
};

export type SerfLayerOptions = {
  readonly config: SerfConfig;
  readonly start: Omit<SerfStart, "now">;
  /** Null until the door is open. */
  core(): Pick<GossipDriver, "give" | "sendUser" | "exchange"> | null;
  monotonic(): Millis;
  /** The keyring has changed: from now on packets use this one, and a restart must know it. */
  keyringChanged(keyring: Keyring): void;
  /** What a restart must know has changed. */
  remember(): void;
  readonly timers: Timers;
  readonly log: Log;
};

/** A layer that knows only its own member. Give it `started` when the core is there. */
export function createSerfLayer(options: SerfLayerOptions): SerfLayer {
  const { log, timers, core } = options;
  const state = newSerfState(options.config, { ...options.start, now: options.monotonic() });
  const listeners = new Set<(event: SerfEvent) => void>();
  const shown = new WeakMap<SerfMember, Member>();
  let nextToken = 0;
  let isClosed = false;
  let stopTimer: () => void = () => {};
  let timerAt: Millis | null = null;

  function give(input: SerfInput): string | null {
    if (isClosed) return "serf: shut down";
    const effects = step(state, input, options.monotonic());
    carryOut(effects);
    return effects.refused;
  }

  function carryOut(effects: SerfEffects): void {
    if (effects.keyring !== null) options.keyringChanged(effects.keyring);
    for (const input of effects.gossip) core()?.give(input);
    for (const { to, payload } of effects.sends) core()?.sendUser(to, payload);
    for (const { name, address } of effects.reconnects) {
      log("info", "agent.serf.lan: serf: attempting reconnect", { member: name });
      void core()?.exchange(address, true);
    }
    if (effects.remember) options.remember();
    arm(effects.wakeAt);
    for (const event of effects.events) {
      for (const listener of [...listeners]) listener(event);
    }
  }

  function arm(at: Millis | null): void {
    if (at === timerAt || isClosed) return;
    stopTimer();
    stopTimer = () => {};
    timerAt = at;
    if (at === null) return;
    stopTimer = timers.after(Math.max(0, at - options.monotonic()), () => {
      timerAt = null;
      give({ kind: "wake" });
    });
  }

  /** Records of members are never changed in place: what was shown once is shown again. */
  function show(member: SerfMember): Member {
    const made = shown.get(member) ?? shownMember(member);
    shown.set(member, made);
    return made;
  }

  function onEvent(listener: (event: SerfEvent) => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  function ask(query: QueryRequest): Promise<Result<QueryAnswers, string>> {
    const token = nextToken++;
    const acks: string[] = [];
    const responses: { from: string; payload: Uint8Array | null }[] = [];
    return new Promise((resolve) => {
      const stop = onEvent((event) => {
        if (!("token" in event) || event.token !== token) return;
        if (event.kind === "queryAck") acks.push(event.from);
        else if (event.kind === "queryResponse") {
          responses.push({ from: event.from, payload: event.payload });
        } else {
          stop();
          resolve(ok({ acks, responses }));
        }
      });
      const refused = give({ kind: "query", token, query });
      if (refused === null) return;
      stop();
      resolve(fail(refused));
    });
  }

  return {
    state,
    give,
    onEvent,
    ask,
    userState: () => localUserState(state),
    heard(events: readonly GossipEvent[]) {
      for (const event of events) give({ kind: "gossip", event });
    },
    members: () => [...state.members.values()].map(show).sort((a, b) => (a.Name < b.Name ? -1 : 1)),
    leave() {
      return new Promise((resolve) => {
        if (state.leaving?.stage === "left" || isClosed) return resolve();
        const stop = onEvent((event) => {
          if (event.kind !== "left") return;
          stop();
          resolve();
        });
        give({ kind: "leave" });
      });
    },
    close() {
      isClosed = true;
      stopTimer();
    },
  };
}

/** A member with the fields of Consul's API. */
export function shownMember({ name, address, tags, versions, status }: SerfMember): Member {
  const sorted = [...tags].sort(([left], [right]) => (left < right ? -1 : 1));
  const [min = 0, max = 0, current = 0, delegateMin = 0, delegateMax = 0, delegateCurrent = 0] = versions;
  return {
    Name: name,
    Addr: formatIp(address.ip),
    Port: address.port,
    Tags: Object.fromEntries(sorted),
    Status: memberStatuses.indexOf(status) as MemberStatus,
    ProtocolMin: min,
    ProtocolMax: max,
    ProtocolCur: current,
    DelegateMin: delegateMin,
    DelegateMax: delegateMax,
    DelegateCur: delegateCurrent,
  };
}
