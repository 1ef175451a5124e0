// What `legate lock` keeps while it runs: a session that is renewed at half its TTL, and requests that ride out short
// failures. The recipe is the one of Consul's own client, so that both exclude each other (surface G5).

import { ok, type Result } from "../../../shared/base/result.ts";
import type { CommandContext } from "../command.ts";
import { type ApiReply, type ApiRequest, ask, askJson } from "../http-client.ts";

export const sessionTtl = "15s";
const renewMillis = 7_500;
const retryMillis = 1_000;

export type LockSession = {
  readonly id: string;
  /** Why it is lost; never resolves while it lives. */
  readonly lost: Promise<string>;
  end(): Promise<void>;
};

/** Creates a session and renews it until `end`. */
export async function openSession(
  context: CommandContext,
  name: string,
  behavior: "release" | "delete",
): Promise<Result<LockSession, string>> {
  const body = JSON.stringify({ Name: name, TTL: sessionTtl, Behavior: behavior });
  const created = await askJson<{ readonly ID: string }>(context, {
    method: "PUT",
    path: "/v1/session/create",
    body,
  });
  if (!created.ok) return created;
  const id = created.value.ID;
  let ended = false;
  let stop = (): void => {};
  let lose: (why: string) => void = () => {};
  const lost = new Promise<string>((resolve) => {
    lose = resolve;
  });
  const renew = async (failures: number): Promise<void> => {
    const renewed = await ask(context, {
      method: "PUT",
      path: `/v1/session/renew/${id}`,
      alsoGood: [404],
    });
    if (ended) return;
    if (renewed.ok && renewed.value.status === 404) return lose("the session has expired");
    // Without an answer for a whole TTL it may have ended.
    if (!renewed.ok && failures >= 15) return lose(renewed.error);
    schedule(renewed.ok ? renewMillis : retryMillis, renewed.ok ? 0 : failures + 1);
  };
  const schedule = (millis: number, failures: number): void => {
    stop = context.ports.after(millis, () => void renew(failures));
  };
  schedule(renewMillis, 0);
  return ok({
    id,
    lost,
    async end() {
      ended = true;
      stop();
      await ask(context, { method: "PUT", path: `/v1/session/destroy/${id}` });
    },
  });
}

/** A request that is made again after a failure of the server, as often as said, a second apart. */
export async function askAgain(
  context: CommandContext,
  request: ApiRequest,
  retries: number,
): Promise<Result<ApiReply, string>> {
  for (let left = retries; ; left--) {
    const reply = await ask(context, request);
    if (reply.ok || left <= 0 || !/response code: 5\d\d/.test(reply.error)) return reply;
    await pause(context, retryMillis);
  }
}

export function pause(context: CommandContext, millis: number): Promise<void> {
  return new Promise((resolve) => void context.ports.after(millis, resolve));
}

/** X-Consul-Index of a reply; the next blocking query waits behind it. */
export function indexOf(reply: ApiReply): string {
  const index = reply.header("x-consul-index");
  return /^[1-9]\d*$/.test(index) ? index : "1";
}
