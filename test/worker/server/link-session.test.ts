import { describe, expect, it } from "vitest";
import { ok, type Result } from "../../../shared/base/result.ts";
import type { ServerError } from "../../../shared/errors.ts";
import type { Cancellation } from "../../../shared/rpc/backend.ts";
import type { LinkMessage } from "../../../shared/rpc/frames.ts";
import type { ServerConfig } from "../../../worker/server/config.ts";
import { createLinkSessions } from "../../../worker/server/link-session.ts";
import { fakeLink, helloOf } from "../../support/fake-link.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

const config = { id: "server-1", datacenter: "dc1" } as ServerConfig;
const entropy = { seed: () => 1, uuid: () => "life" };

/** Sessions whose requests the test answers itself. */
function sessions(all: ReturnType<typeof fakeLink>[] = []) {
  const time = new VirtualTime();
  const asked: {
    method: string;
    cancellation: Cancellation;
    answer: (value: Result<unknown, ServerError>) => void;
  }[] = [];
  const joined: string[] = [];
  let finishJoining = (): void => {};
  const joining = new Promise<void>((resolve) => {
    finishJoining = resolve;
  });
  const left: string[] = [];
  const lost: string[] = [];
  const due: (() => void)[] = [];
  /** Lets the time pass after which links count as idle. */
  const look = () => {
    for (const body of due.splice(0)) body();
  };
  const made = createLinkSessions(
    {
      links: { all: () => all },
      defer: time.defer,
      log: () => {},
      entropy,
      deadlines: {
        after(_millis, body) {
          due.push(body);
          return () => {};
        },
      },
    },
    config,
    {
      request: (method, _request, cancellation) =>
        new Promise((answer) => void asked.push({ method, cancellation, answer })),
      joined(hello) {
        joined.push(hello.node);
        return joining;
      },
      left: async (node) => {
        left.push(node);
        return true;
      },
      lost: ({ node }) => void lost.push(node),
    },
  );
  const say = (link: ReturnType<typeof fakeLink>, ...messages: (LinkMessage | object)[]) =>
    made.frame(link, JSON.stringify(messages));
  return { time, asked, joined, left, made, say, finishJoining, look };
}

const get = (id: number) => ({ t: "request", id, method: "KVS.Get", request: {} });
const put = (id: number) => ({ t: "request", id, method: "KVS.Apply", request: {} });

describe("the server's end of a link", () => {
  it("welcomes an agent of its datacenter and keeps who it is with the link", async () => {
    const s = sessions();
    const link = fakeLink("l1");
    s.made.opened(link);
    s.say(link, helloOf("n1"));
    await s.time.settle();
    expect(link.messages()).toEqual([{ t: "welcome", version: 1, datacenter: "dc1", server: "server-1" }]);
    expect(link.attachment()).toMatchObject({ node: "n1", serfPort: 8301 });
    expect(s.joined).toEqual(["n1"]);
  });

  it("still knows the link of an agent when another one that claimed its name has gone", () => {
    const s = sessions();
    const [own, second] = [fakeLink("l1"), fakeLink("l2")];
    for (const link of [own, second]) s.made.opened(link);
    s.say(own, helloOf("n1"));
    s.say(second, { ...helloOf("N1"), nodeId: "another" });
    expect(s.made.agentOf("n1")).toMatchObject({ nodeId: "another" });
    s.made.closed(second, "gone");
    expect(s.made.agentOf("n1")).toMatchObject({ node: "n1" });
    expect(s.made.lastSeen("n1")).not.toBeNull();
    s.made.closed(own, "gone");
    expect([s.made.agentOf("n1"), s.made.lastSeen("n1")]).toEqual([null, null]);
  });

  it("hangs up on another datacenter, another protocol, a request before hello, and garbage", () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      [JSON.stringify([{ ...helloOf("n1"), datacenter: "dc2" }]), /this is datacenter "dc1", not "dc2"/],
      [JSON.stringify([{ ...helloOf("n1"), version: 2 }]), /link protocol 2/],
      [JSON.stringify([get(1)]), /hello comes first/],
      ["{", /a frame is JSON/],
      ["{}", /array of messages/],
      ["[1]", /an object with t/],
      ['[{"t":"hello"}]', /wrong hello message/],
      ['[{"t":"cancel","id":"x"}]', /wrong cancel message/],
    ];
    for (const [frame, reason] of cases) {
      const s = sessions();
      const link = fakeLink("l1");
      s.made.frame(link, frame);
      expect(link.closedWith(), frame).toMatch(reason);
      expect(link.messages()).toMatchObject([{ t: "error", id: 0 }]);
      expect(s.joined).toEqual([]);
    }
  });

  it("answers all requests of a turn in one frame", async () => {
    const s = sessions();
    const link = fakeLink("l1");
    s.say(link, helloOf("n1"), get(1), get(2), { t: "from the future" }, { ...get(3), method: "No.Such" });
    await s.time.settle();
    for (const { answer } of s.asked) answer(ok("value"));
    await s.time.settle();
    expect(link.frames().length).toBe(2);
    expect(link.messages().slice(1)).toEqual([
      { t: "error", id: 3, error: { code: "notImplemented", args: ["No.Such"] } },
      { t: "reply", id: 1, value: "value" },
      { t: "reply", id: 2, value: "value" },
    ]);
  });

  it("takes a request back when the agent cancels it or the link closes", async () => {
    const s = sessions();
    const link = fakeLink("l1");
    s.say(link, helloOf("n1"), get(1), get(2));
    s.say(link, { t: "cancel", id: 1 });
    expect(s.asked.map((request) => request.cancellation.aborted)).toEqual([true, false]);
    s.made.closed(link, "gone");
    expect(s.asked[1]?.cancellation.aborted).toBe(true);
    for (const { answer } of s.asked) answer(ok("value"));
    await s.time.settle();
    expect(link.frames()).toEqual([]);
  });

  it("resets the links from before its sleep, and knows their agents without a hello", async () => {
    const link = fakeLink("l1", { node: "n1" });
    const s = sessions([link]);
    s.made.start();
    await s.time.settle();
    expect(link.messages()).toEqual([]); // nothing has changed, and the agent has said nothing: let it be
    expect(s.made.agents()).toEqual([{ node: "n1" }]);
    s.say(link, get(7));
    await s.time.settle();
    expect(s.asked.length).toBe(1);
    expect(link.messages()).toEqual([{ t: "reset" }]);
    s.made.stateChanged();
    await s.time.settle();
    expect(link.messages()).toEqual([{ t: "reset" }]);
  });

  it("resets a link at once that was busy when memory was lost: an answer may have been lost with it", async () => {
    const link = fakeLink("l1", { node: "n1" });
    /** How many resets a server sends that wakes without memory; then it rests. */
    const wake = async () => {
      const before = link.messages().length;
      const next = sessions([link]);
      next.made.start();
      await next.time.settle();
      next.look();
      next.look();
      return link.messages().length - before;
    };
    const s = sessions([link]);
    expect(await wake()).toBe(0);
    s.say(link, get(1), { ...get(2), request: { options: { minIndex: 7 } } });
    s.look();
    s.look(); // nothing was said since, but the first question is not answered yet
    expect(await wake()).toBe(1);
    s.asked[0]?.answer(ok("value"));
    await s.time.settle();
    s.look();
    s.look();
    expect(await wake()).toBe(0); // what waits for a change hears of it with the change
    s.asked[1]?.answer(ok("value"));
    await s.time.settle();
    expect(await wake()).toBe(1);
  });

  it("resets all of them when the state changes, for somebody may have waited for that", async () => {
    const links = [fakeLink("l1", { node: "n1" }), fakeLink("l2", { node: "n2" })];
    const s = sessions(links);
    s.made.start();
    s.made.stateChanged();
    s.made.stateChanged();
    await s.time.settle();
    for (const link of links) expect(link.messages()).toEqual([{ t: "reset" }]);
  });

  it("asks for the hello again of an agent that it had not brought into the catalog when it fell asleep", async () => {
    const link = fakeLink("l1");
    const before = sessions([link]);
    before.say(link, helloOf("n1"));
    const early = sessions([link]);
    early.made.start();
    await early.time.settle();
    expect(link.messages().at(-1)).toEqual({ t: "reset", hello: true });
    before.finishJoining();
    await before.time.settle();
    const late = sessions([link]);
    late.made.start();
    late.made.stateChanged();
    await late.time.settle();
    expect(link.messages().at(-1)).toEqual({ t: "reset" });
  });

  it("keeps the write that woke it, and answers for those of its former self that they may have happened", async () => {
    const link = fakeLink("l1", { node: "n1" });
    const s = sessions([link]);
    s.made.start();
    s.say(link, put(2), get(3), get(4));
    s.asked[1]?.answer(ok("early"));
    await s.time.settle();
    const again = [put(1), put(2), get(3), get(4), get(5)].map((message) => ({ ...message, again: true }));
    s.say(link, ...again);
    expect(s.asked.map((request) => request.method)).toEqual(["KVS.Apply", "KVS.Get", "KVS.Get", "KVS.Get"]);
    for (const { answer } of s.asked) answer(ok("done"));
    await s.time.settle();
    expect(link.messages().slice(1)).toEqual([
      { t: "reply", id: 3, value: "early" },
      { t: "error", id: 1, error: { code: "leadershipLost", args: [] } },
      { t: "reply", id: 2, value: "done" },
      { t: "reply", id: 4, value: "done" },
      { t: "reply", id: 5, value: "done" },
    ]);
  });

  it("deregisters the node of a goodbye before it closes the link", async () => {
    const s = sessions();
    const link = fakeLink("l1");
    s.say(link, helloOf("n1"));
    s.say(link, { t: "goodbye" });
    await s.time.settle();
    expect(s.left).toEqual(["n1"]);
    expect(link.closedWith()).toBe("goodbye");
  });

  it("replaces an answer that is too large for a frame", async () => {
    const s = sessions();
    const link = fakeLink("l1");
    s.say(link, helloOf("n1"), get(1));
    s.asked[0]?.answer(ok("x".repeat(9 << 20)));
    await s.time.settle();
    expect(link.messages()[1]).toMatchObject({ t: "error", id: 1, error: { code: "answerTooLarge" } });
  });
});
