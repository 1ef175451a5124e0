// Follows the answers to a job of `legate exec`: keys NODE/ack, NODE/out/00000 … and NODE/exit below the session's.

import { fail, ok, type Result } from "../../../shared/base/result.ts";
import type { CommandContext } from "../command.ts";
import { ask, pathOf } from "../http-client.ts";
import { indexOf } from "../lock/session.ts";

export type ExecJob = {
  readonly prefix: string;
  readonly session: string;
  /** The job as it is uploaded. */
  readonly text: string;
  /** Nothing more is expected after so much silence. */
  readonly waitMillis: number;
};

export type ExecEnd = {
  readonly acknowledged: number;
  readonly finished: number;
  readonly allGood: boolean;
};

/** A node that took the job and is silent for so long is given up. */
const silenceMillisMax = 600_000;

/** Prints what nodes say until nothing comes any more, or `interrupted`. */
export async function followJob(
  context: CommandContext,
  job: ExecJob,
  interrupted: () => boolean,
  verbose: boolean,
): Promise<Result<ExecEnd, string>> {
  const { ports } = context;
  const folder = `${job.prefix}/${job.session}/`;
  const seen = new Set<string>();
  const taken = new Set<string>();
  const codes = new Map<string, number>();
  let index = "";
  let last = ports.now();
  while (!interrupted()) {
    const atWork = [...taken].some((node) => !codes.has(node));
    const left = last + (atWork ? silenceMillisMax : job.waitMillis) - ports.now();
    if (left <= 0 && index !== "") break;
    const wait = Math.max(1, Math.min(left, pollMillisMax));
    const blocking: [string, string][] = index === "" ? [] : [["index", index]];
    const query = [["keys", ""] as const, ["wait", `${wait}ms`] as const, ...blocking];
    const reply = await ask(context, { path: pathOf("/v1/kv/", folder), query, alsoGood: [404] });
    if (!reply.ok) return reply;
    index = indexOf(reply.value);
    const keys = reply.value.status === 404 ? [] : parseKeys(reply.value.text);
    if (keys === null) return fail("the list of keys cannot be read");
    for (const key of keys.filter((key) => !seen.has(key)).toSorted(exitsLast)) {
      seen.add(key);
      const [, node, what] = /^([^/]+)\/(ack|exit|out\/.*)$/.exec(key.slice(folder.length)) ?? [];
      if (node === undefined || what === undefined) continue;
      last = ports.now();
      taken.add(node);
      if (what === "ack") {
        if (verbose) ports.stdout(`==> ${node}: acknowledged\n`);
        continue;
      }
      const value = await ask(context, { path: pathOf("/v1/kv/", key), query: [["raw", ""]] });
      if (!value.ok) return value;
      if (what === "exit") {
        codes.set(node, Number.parseInt(value.value.text, 10));
        ports.stdout(`==> ${node}: finished with exit code ${value.value.text}\n`);
      } else {
        ports.stdout(
          `${value.value.text
            .split("\n")
            .map((line) => `    ${node}: ${line}`.trimEnd())
            .join("\n")}\n`,
        );
      }
    }
  }
  const allGood = [...codes.values()].every((code) => code === 0);
  return ok({ acknowledged: taken.size, finished: codes.size, allGood });
}

/** An interrupt is noticed between two requests. */
const pollMillisMax = 1_000;

/** A node's output before its exit code; else as the keys sort. */
function exitsLast(a: string, b: string): number {
  const rank = (key: string) => (key.endsWith("/exit") ? 1 : 0);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

function parseKeys(text: string): readonly string[] | null {
  try {
    const keys: unknown = JSON.parse(text);
    return Array.isArray(keys) && keys.every((key) => typeof key === "string") ? keys : null;
  } catch {
    return null;
  }
}
