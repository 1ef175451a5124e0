// Reads of this agent's callers that do not wait. Equal ones of one turn are one request on the link: it leaves after
// the last of them came, so the answer is as fresh as each of them may ask for. Large answers are kept while the server
// says that they are still the same, so that they neither travel nor are parsed and printed again.

import { deepFreeze } from "../../shared/base/freeze.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import { limits } from "../../shared/limits.ts";
import type { KnownAnswer } from "../../shared/rpc/frames.ts";
import type { RpcMethod } from "../../shared/rpc/methods.ts";
import type { Link } from "./link.ts";
import type { Settle } from "./pending.ts";

type Group = { readonly callers: Set<Settle>; takeBack: () => void };

export type PlainReads = {
  /** As Link.request: `settle` is called at most once, never at once. */
  request(method: RpcMethod, request: unknown, settle: Settle): () => void;
  /** Characters of the answers that are kept. */
  readonly chars: number;
};

/** `defer` runs before the link's own of the same turn. */
export function createPlainReads(link: Pick<Link, "request">, defer: (body: () => void) => void): PlainReads {
  const turn = new Map<string, Group>();
  // In the order of use.
  const known = new Map<string, KnownAnswer>();
  let chars = 0;

  function forget(key: string): void {
    chars -= known.get(key)?.chars ?? 0;
    known.delete(key);
  }

  function keep(key: string, answer: KnownAnswer): void {
    forget(key);
    if (answer.chars > limits.answerCacheEntryCharsMax) return;
    deepFreeze(answer.value);
    known.set(key, answer);
    chars += answer.chars;
    for (const oldest of known.keys()) {
      if (chars <= limits.knownAnswerCharsMax) break;
      forget(oldest);
    }
  }

  function start(key: string, method: RpcMethod, request: unknown): Group {
    const group: Group = { callers: new Set(), takeBack: () => {} };
    if (turn.size === 0) defer(() => turn.clear());
    turn.set(key, group);
    const have = known.get(key) ?? null;
    group.takeBack = link.request(
      method,
      request,
      (answer) => {
        for (const settle of group.callers) settle(answer);
      },
      {
        have,
        changed: (answer) => keep(key, answer),
        same: (meta) => {
          if (have === null) return fail(unasked);
          if (known.get(key) === have) {
            known.delete(key);
            known.set(key, have);
          }
          return ok({ meta, value: have.value });
        },
      },
    );
    return group;
  }

  return {
    request(method, request, settle) {
      const key = `${method} ${JSON.stringify(request)}`;
      const group = turn.get(key) ?? start(key, method, request);
      group.callers.add(settle);
      return () => {
        if (!group.callers.delete(settle) || group.callers.size > 0) return;
        if (turn.get(key) === group) turn.delete(key);
        group.takeBack();
      };
    },
    get chars() {
      return chars;
    },
  };
}

const unasked: ServerError = serverError("internal", "the server says that nothing changed, of nothing");

/** What the link does with a read whose answer may be known. */
export type KnownRead = {
  readonly have: KnownAnswer | null;
  changed(answer: KnownAnswer): void;
  same(meta: unknown): Result<unknown, ServerError>;
};
