// Streams of server-sent events over a blocking read that the test controls.

import { describe, expect, it } from "vitest";
import { watchable } from "../../../shared/api/event-stream.ts";
import { type ApiContext, type HttpReply, type HttpRequest, isStreamBody } from "../../../shared/api/http.ts";
import { createRouter } from "../../../shared/api/router.ts";
import { limits } from "../../../shared/limits.ts";
import { createCanceller } from "../../../shared/rpc/cancellation.ts";
import { doorRequest } from "../../support/door-request.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

function world() {
  let index = 5;
  let body: string | null = '["a"]';
  let failure: HttpReply | null = null;
  let waiting: (() => void) | null = null;
  const asked: string[] = [];
  const reply = (): HttpReply =>
    failure ?? { status: body === null ? 404 : 200, headers: { "X-Consul-Index": String(index) }, body };
  const handle = async (request: HttpRequest, context: ApiContext): Promise<HttpReply> => {
    asked.push(`${request.query("index")} ${request.query("wait")} ${request.queryAll("tag").join()}`);
    expect(context.alwaysPretty).toBe(false);
    if (Number(request.query("index") ?? 0) < index) return reply();
    await new Promise<void>((resolve) => {
      waiting = resolve;
      request.cancellation.onAbort(resolve);
    });
    return reply();
  };
  const router = createRouter([
    { method: "GET", path: "/v1/kv/:key*", summary: "", handle: watchable(handle) },
  ]);
  const context = { alwaysPretty: true } as ApiContext;
  return {
    asked,
    ask: (line: string, headers: Record<string, string> = {}) =>
      router.handle(doorRequest(line, "", headers), context),
    change(next: number, to: string | null) {
      index = next;
      body = to;
      waiting?.();
    },
    timeOut: () => waiting?.(),
    fail(with_: HttpReply) {
      failure = with_;
      waiting?.();
    },
  };
}

function listen(reply: HttpReply) {
  if (!isStreamBody(reply.body)) throw new Error("not a stream");
  const canceller = createCanceller();
  let text = "";
  let done = false;
  void reply.body
    .stream(async (piece) => {
      text += String(piece);
    }, canceller.cancellation)
    .then(() => {
      done = true;
    });
  return {
    async events() {
      await turn();
      const seen = text;
      text = "";
      return seen;
    },
    done: () => done,
    cancel: () => canceller.cancel(),
  };
}

describe("?watch", () => {
  it("sends the answer of now, and each one that is another", async () => {
    const { ask, change, asked } = world();
    const reply = await ask("GET /v1/kv/a?watch&recurse&tag=x&index=99");
    expect(reply).toMatchObject({ status: 200, headers: { "Content-Type": "text/event-stream" } });
    const stream = listen(reply);
    expect(await stream.events()).toBe('retry: 1000\n\nid: 5\nevent: change\ndata: ["a"]\n\n');
    change(9, '["b"]');
    expect(await stream.events()).toBe('id: 9\nevent: change\ndata: ["b"]\n\n');
    change(10, null);
    expect(await stream.events()).toBe("id: 10\nevent: change\ndata: []\n\n");
    const wait = `${limits.eventHeartbeatMillis}ms`;
    expect(asked).toEqual([`undefined ${wait} x`, `5 ${wait} x`, `9 ${wait} x`, `10 ${wait} x`]);
    stream.cancel();
  });

  it("resumes behind the last event: with what was missed, or with nothing", async () => {
    const { ask, change } = world();
    const same = listen(await ask("GET /v1/kv/a?watch", { "last-event-id": "5" }));
    expect(await same.events()).toBe("retry: 1000\n\n");
    change(6, '["c"]');
    expect(await same.events()).toContain('data: ["c"]');
    same.cancel();
    const behind = listen(await ask("GET /v1/kv/a?watch", { "last-event-id": "3" }));
    expect(await behind.events()).toContain('id: 6\nevent: change\ndata: ["c"]');
    behind.cancel();
    // A restored datacenter counts from lower numbers again.
    const ahead = listen(await ask("GET /v1/kv/a?watch", { "last-event-id": "900" }));
    expect(await ahead.events()).toContain("id: 6");
    ahead.cancel();
    const nonsense = listen(await ask("GET /v1/kv/a?watch", { "last-event-id": "abc" }));
    expect(await nonsense.events()).toContain("id: 6");
    nonsense.cancel();
  });

  it("gives a sign of life when nothing changes, also when only the index moved", async () => {
    const { ask, change, timeOut } = world();
    const stream = listen(await ask("GET /v1/kv/a?watch"));
    await stream.events();
    timeOut();
    expect(await stream.events()).toBe(": heartbeat\n\n");
    change(7, '["a"]');
    expect(await stream.events()).toBe(": heartbeat\n\n");
    change(8, '["z"]');
    expect(await stream.events()).toContain("id: 8");
    stream.cancel();
  });

  it("ends with the reason when the reads fail, and answers a mistake as ever", async () => {
    const { ask, fail } = world();
    const stream = listen(await ask("GET /v1/kv/a?watch"));
    await stream.events();
    const lost = { status: 500, headers: {}, body: "No cluster leader" };
    fail(lost);
    expect(await stream.events()).toBe('event: error\ndata: {"Status":500,"Error":"No cluster leader"}\n\n');
    expect(stream.done()).toBe(true);
    expect(await ask("GET /v1/kv/a?watch")).toBe(lost);
    expect(await ask("GET /v1/kv/a?watch&raw")).toMatchObject({ status: 400 });
  });

  it("ends when the client goes, and frees its place", async () => {
    const { ask } = world();
    const streams = [];
    for (let n = 0; n < limits.eventStreamsMax; n++) streams.push(listen(await ask("GET /v1/kv/a?watch")));
    await turn();
    expect(await ask("GET /v1/kv/a?watch")).toMatchObject({ status: 429 });
    for (const stream of streams) stream.cancel();
    await turn();
    expect(streams.every((stream) => stream.done())).toBe(true);
    expect((await ask("GET /v1/kv/a?watch")).status).toBe(200);
  });
});
