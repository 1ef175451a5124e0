// ?cached: one fetch, kept current in the background, and what Consul's headers say of it.

import { describe, expect, it } from "vitest";
import { createReadCache } from "../../../agent/cache/read-cache.ts";
import { backoffMillis } from "../../../agent/rpc/backoff.ts";
import type { CacheControl } from "../../../shared/api/cached-read.ts";
import { fail, ok } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { Backend, Cancellation } from "../../../shared/rpc/backend.ts";

type Call = { method: string; minIndex: number; answer: (value: unknown) => void };

function world() {
  let now = 1_000;
  const timers: { at: number; body: () => void }[] = [];
  const calls: Call[] = [];
  const backend: Backend = {
    call: ((method: string, request: { options?: { minIndex: number } }) =>
      new Promise((resolve) => {
        calls.push({ method, minIndex: request.options?.minIndex ?? 0, answer: resolve });
      })) as unknown as Backend["call"],
  };
  const cache = createReadCache({
    backend,
    clock: { now: () => now },
    timers: {
      after(delay, body) {
        const timer = { at: now + delay, body };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer) >>> 0, timers.includes(timer) ? 1 : 0);
      },
    },
    random: () => 0,
  });
  const advance = async (millis: number) => {
    now += millis;
    for (const timer of timers.filter((each) => each.at <= now)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.body();
    }
    await settled();
  };
  return { cache, calls, advance };
}

const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};
const meta = (index: number) => ({
  index,
  lastContactMillis: 0,
  knownLeader: true,
  consistency: "default" as const,
});
const never: Cancellation = { aborted: false, onAbort: () => {} };
const anyAge: CacheControl = { maxAgeMillis: null, mustRevalidate: false, staleIfErrorMillis: 0 };
const services = (minIndex = 0, waitMillis = 1_000) => ({
  nodeMeta: {},
  options: { datacenter: "", token: "", consistency: "default" as const, minIndex, waitMillis },
});

describe("the read cache", () => {
  it("misses once, then answers from memory while a blocking query keeps it current", async () => {
    const { cache, calls, advance } = world();
    const read = () => cache.read("Catalog.ListServices", services(), "refreshed", anyAge, never);
    const first = read();
    const alsoFirst = read();
    expect(calls.length).toBe(1);
    calls[0]?.answer(ok({ meta: meta(7), value: { web: [] } }));
    expect(await first).toMatchObject({ hit: false, result: { ok: true, value: { value: { web: [] } } } });
    await alsoFirst;
    await settled();
    expect(calls[1]).toMatchObject({ minIndex: 7 });
    await advance(5_000);
    calls[1]?.answer(ok({ meta: meta(9), value: { web: ["v2"] } }));
    await settled();
    expect(await read()).toMatchObject({
      hit: true,
      ageSeconds: 0,
      result: { value: { value: { web: ["v2"] } } },
    });
    expect(calls[2]).toMatchObject({ minIndex: 9 });
    expect(calls.length).toBe(3);
  });

  it("keeps answering while no server does, says how old the answer is, and comes back", async () => {
    const { cache, calls, advance } = world();
    const read = () => cache.read("Catalog.ListServices", services(), "refreshed", anyAge, never);
    const first = read();
    calls[0]?.answer(ok({ meta: meta(7), value: {} }));
    await first;
    await settled();
    await advance(3_000);
    calls[1]?.answer(fail(serverError("noServers", "gone")));
    await settled();
    await advance(backoffMillis(1, 0) - 1);
    expect(await read()).toMatchObject({ hit: true, result: { ok: true } });
    await advance(1);
    expect(calls.length).toBe(3);
  });

  it("does not keep an error", async () => {
    const { cache, calls } = world();
    const read = cache.read("Catalog.ListServices", services(), "refreshed", anyAge, never);
    calls[0]?.answer(fail(serverError("noLeader")));
    expect(await read).toMatchObject({ result: { ok: false } });
    expect(cache.size).toBe(0);
  });

  it("holds a blocking caller until the kept answer has moved, or its time is over", async () => {
    const { cache, calls, advance } = world();
    const first = cache.read("Catalog.ListServices", services(), "refreshed", anyAge, never);
    calls[0]?.answer(ok({ meta: meta(7), value: {} }));
    await first;
    await settled();
    let moved: unknown = null;
    let late: unknown = null;
    void cache
      .read("Catalog.ListServices", services(7), "refreshed", anyAge, never)
      .then((one) => (moved = one));
    void cache
      .read("Catalog.ListServices", services(50, 100), "refreshed", anyAge, never)
      .then((one) => (late = one));
    await advance(100);
    expect(late).toMatchObject({ hit: false });
    expect(moved).toBeNull();
    calls[1]?.answer(ok({ meta: meta(8), value: {} }));
    await settled();
    expect(moved).toMatchObject({ hit: false, result: { value: { meta: { index: 8 } } } });
  });

  it("asks a simple entry anew when it is older than the caller takes, and takes an old one over an error", async () => {
    const { cache, calls, advance } = world();
    const read = (control: CacheControl) =>
      cache.read("Catalog.ListDatacenters", {}, "simple", control, never);
    const first = read(anyAge);
    calls[0]?.answer(ok(["dc1"]));
    await first;
    await advance(5_000);
    expect(await read({ ...anyAge, maxAgeMillis: 6_000 })).toMatchObject({ hit: true, ageSeconds: 5 });
    const young = read({ ...anyAge, maxAgeMillis: 4_000, staleIfErrorMillis: 10_000 });
    calls[1]?.answer(fail(serverError("noLeader")));
    expect(await young).toMatchObject({ result: { ok: true, value: ["dc1"] } });
    const fresh = read({ ...anyAge, mustRevalidate: true });
    calls[2]?.answer(ok(["dc1", "dc2"]));
    expect(await fresh).toMatchObject({ hit: false, result: { value: ["dc1", "dc2"] } });
  });

  it("stops the background query of the entry that was used longest ago when it is full", async () => {
    const { cache, calls } = world();
    for (let at = 0; at <= limits.cacheEntriesMax; at++) {
      void cache.read("KVS.Get", { key: `k${at}`, options: services().options }, "simple", anyAge, never);
      calls[at]?.answer(ok({ meta: meta(1), value: null }));
    }
    await settled();
    expect(cache.size).toBe(limits.cacheEntriesMax);
    cache.stop();
    expect(cache.size).toBe(0);
  });
});
