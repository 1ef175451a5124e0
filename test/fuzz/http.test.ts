// Generated requests against a running `agent -dev`: whatever is asked, it answers in time with an answer of Consul's,
// lives on, and its memory comes back. LEGATE_LONG=1 asks 50,000 times, FUZZ_SEED another sequence.

import { readFileSync } from "node:fs";
import { Agent, request as open } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isMalformedQuery } from "../../shared/api/query-string.ts";
import { type DevAgent, startDevAgent } from "../support/dev-agent.ts";
import { Dice, type FuzzRequest, fuzzRequest } from "./requests.ts";

const isLong = process.env.LEGATE_LONG === "1";
const count = Number(process.env.FUZZ_COUNT ?? (isLong ? 50_000 : 1_000));
const seed = Number(process.env.FUZZ_SEED ?? 20_251);
const parallel = 16;
/** Longest wait (100 ms), what a leader may take, and a loaded machine. */
const answerMillisMax = 15_000;

type Answer = { readonly status: number; readonly text: string };

const connections = new Agent({ keepAlive: true, maxSockets: parallel });

function ask(port: number, { method, path, headers, body }: FuzzRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body);
    const length = method === "GET" || method === "HEAD" ? {} : { "Content-Length": String(bytes.length) };
    const outgoing = open(
      { host: "127.0.0.1", port, method, path, headers: { ...headers, ...length }, agent: connections },
      (reply) => {
        const pieces: Buffer[] = [];
        // A stream of events goes on until its reader has enough.
        if (reply.headers["content-type"]?.startsWith("text/event-stream") === true) reply.destroy();
        const done = () => {
          clearTimeout(timer);
          resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(pieces).toString("latin1") });
        };
        reply.on("data", (piece: Buffer) => pieces.push(piece));
        reply.on("end", done);
        reply.on("close", done);
        reply.on("error", done);
      },
    );
    const timer = setTimeout(() => {
      reject(new Error("no answer in time"));
      outgoing.destroy();
    }, answerMillisMax);
    outgoing.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    outgoing.end(bytes);
  });
}

/** A server's own mistake, or an answer that no Consul gives. */
function isWrong({ path }: FuzzRequest, { status, text }: Answer): boolean {
  if (status < 500) return false;
  // Consul's own: 500 and not a word.
  if (status === 500 && isMalformedQuery(path.slice(path.indexOf("?") + 1))) return false;
  return text === "" || /internal error|broken invariant|TypeError|RangeError|SQLITE|undefined/.test(text);
}

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

describe("generated requests", () => {
  let agent: DevAgent;
  beforeAll(async () => {
    agent = await startDevAgent();
  }, 30_000);
  afterAll(async () => {
    connections.destroy();
    await agent.stop();
  });

  it(
    `${count} of seed ${seed}: are answered in time, as Consul would, and leave the agent well`,
    async () => {
      const dice = new Dice(seed);
      const wrong: string[] = [];
      const statuses = new Map<number, number>();
      let asked = 0;
      let settled = 0;
      const worker = async (): Promise<void> => {
        while (asked < count && wrong.length < 20) {
          asked += 1;
          const request = fuzzRequest(dice);
          const shown = `${request.method} ${request.path.slice(0, 200)} ${JSON.stringify(request.headers).slice(0, 80)} ${request.body.slice(0, 300)}`;
          try {
            const answer = await ask(agent.port, request);
            statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
            if (isWrong(request, answer))
              wrong.push(`${shown}\n  → ${answer.status} ${answer.text.slice(0, 300)}`);
          } catch (error) {
            wrong.push(`${shown}\n  → ${String(error)}`);
          }
          if (asked === Math.floor(count / 4)) settled = residentMegabytes(agent.process.child.pid ?? 0);
        }
      };
      await Promise.all(Array.from({ length: parallel }, worker));
      console.log(`fuzz: ${JSON.stringify(Object.fromEntries([...statuses].sort(([a], [b]) => a - b)))}`);
      expect(wrong).toEqual([]);
      // Enough of it gets through to something.
      expect(statuses.get(200) ?? 0).toBeGreaterThan(count / 10);
      expect(agent.process.child.exitCode).toBe(null);
      expect(await agent.json("/v1/status/leader")).toMatch(/:\d+$/);
      expect(agent.process.output()).not.toMatch(/crashed|a request failed|\bfailed\b.*\n\s+at /);
      const after = residentMegabytes(agent.process.child.pid ?? 0);
      // What was stored stays; what was asked does not. The heap breathes by some tens of megabytes.
      expect(after).toBeLessThan(settled * 1.5 + 120);
    },
    isLong ? 1_800_000 : 120_000,
  );
});
