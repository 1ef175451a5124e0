// `?watch` on a blocking read (Legate's own): the answer as a stream of server-sent events instead of one reply. Each
// event is the whole answer of that moment with its index as id, so a client that comes back with Last-Event-ID gets
// what it missed, or nothing when nothing changed. Under it are the same blocking reads that `?index&wait` makes.
//
//   id: 42                     the answer's X-Consul-Index
//   event: change
//   data: [{"Key":"a",...}]    what a plain GET shows, in one line; [] where that is a 404
//
//   : heartbeat                nothing changed for a while
//   event: error               the reads fail; the stream ends, and the client asks again

import { limits } from "../limits.ts";
import { serverError } from "../errors.ts";
import type { Cancellation } from "../rpc/backend.ts";
import type { ApiContext, HttpReply, HttpRequest, PushPiece, Route } from "./http.ts";
import { errorReply } from "./reply.ts";

type Handle = Route["handle"];
type Answer = { readonly index: number; readonly data: string };

/** Streams that are open in this process or isolate: each holds a blocking read. */
let open = 0;

/** A handler that answers as before, and streams when it is asked to watch. */
export function watchable(handle: Handle): Handle {
  return (request, context) =>
    request.rawQuery !== "" && request.query("watch") !== undefined
      ? startStream(handle, request, context)
      : handle(request, context);
}

async function startStream(handle: Handle, request: HttpRequest, context: ApiContext): Promise<HttpReply> {
  if (request.query("raw") !== undefined) {
    return errorReply(serverError("badRequest", "Cannot specify ?watch with ?raw: events are JSON."));
  }
  if (open >= limits.eventStreamsMax) return errorReply(serverError("tooBusy", "event streams"));
  const ask = (index: number, cancellation: Cancellation) =>
    handle(new WatchRequest(request, index, cancellation), { ...context, alwaysPretty: false });
  // A mistake of the client is an ordinary reply; so is a server that cannot be reached.
  const first = await ask(0, request.cancellation);
  const answer = answerOf(first);
  if (answer === null) return first;
  const seen = lastEventId(request);
  return {
    status: 200,
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" },
    body: {
      async stream(push, cancellation) {
        open += 1;
        try {
          await follow(ask, push, cancellation, answer, seen);
        } finally {
          open -= 1;
        }
      },
    },
  };
}

async function follow(
  ask: (index: number, cancellation: Cancellation) => Promise<HttpReply>,
  push: PushPiece,
  cancellation: Cancellation,
  first: Answer,
  seen: number | null,
): Promise<void> {
  await push(`retry: ${limits.eventRetryMillis}\n\n`);
  let last = first;
  if (seen !== first.index) await push(eventOf(first));
  while (!cancellation.aborted) {
    const reply = await ask(last.index, cancellation);
    if (cancellation.aborted) return;
    const next = answerOf(reply);
    if (next === null) {
      await push(`event: error\ndata: ${JSON.stringify({ Status: reply.status, Error: reply.body })}\n\n`);
      return;
    }
    // An index that fell (a restored snapshot) is taken over like any other.
    await push(next.data === last.data ? ": heartbeat\n\n" : eventOf(next));
    last = next;
  }
}

function eventOf({ index, data }: Answer): string {
  return `id: ${index}\nevent: change\ndata: ${data}\n\n`;
}

/** Null for a reply that is no answer of a blocking read. */
function answerOf(reply: HttpReply): Answer | null {
  const index = Number(reply.headers["X-Consul-Index"] ?? 0);
  if (index === 0 || (reply.status !== 200 && reply.status !== 404)) return null;
  if (reply.body === null) return { index, data: "[]" };
  return typeof reply.body === "string" ? { index, data: reply.body } : null;
}

/** What the client saw last; null when it says nothing that is an index. */
function lastEventId(request: HttpRequest): number | null {
  const text = request.header("last-event-id") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** The client's request as a blocking read of our own: other index and wait, compact JSON. */
class WatchRequest implements HttpRequest {
  readonly method: string;
  readonly params: HttpRequest["params"];
  readonly rawQuery: string;
  readonly cancellation: Cancellation;
  readonly #asked: HttpRequest;
  readonly #own: ReadonlyMap<string, string | undefined>;

  constructor(asked: HttpRequest, index: number, cancellation: Cancellation) {
    this.method = asked.method;
    this.params = asked.params;
    this.rawQuery = asked.rawQuery;
    this.cancellation = cancellation;
    this.#asked = asked;
    this.#own = new Map<string, string | undefined>([
      ["index", index === 0 ? undefined : String(index)],
      ["wait", `${limits.eventHeartbeatMillis}ms`],
      ["pretty", undefined],
      ["hash", undefined],
    ]);
  }

  query(name: string): string | undefined {
    return this.#own.has(name) ? this.#own.get(name) : this.#asked.query(name);
  }

  queryAll(name: string): readonly string[] {
    if (!this.#own.has(name)) return this.#asked.queryAll(name);
    const value = this.#own.get(name);
    return value === undefined ? [] : [value];
  }

  header(name: string): string | undefined {
    return this.#asked.header(name);
  }

  body(bytesMax: number, setting: string): ReturnType<HttpRequest["body"]> {
    return this.#asked.body(bytesMax, setting);
  }
}
