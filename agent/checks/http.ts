// HTTP checks: 2xx is passing, 429 warning, anything else critical; texts as Consul prints them (surface E).

import type { Millis } from "../../shared/base/brand.ts";
import type { CheckDefinition } from "../../shared/structs/service-definition.ts";
import type { HttpProbe, ProbeResult } from "../ports.ts";
import type { CheckResult } from "./status.ts";

export const probeTimeoutMillisDefault: Millis = 10_000;

const defaultHeaders: Readonly<Record<string, string>> = {
  "User-Agent": "Consul Health Check",
  Accept: "text/plain, text/*, */*",
};

/** One probe. */
export async function runHttpCheck(
  definition: CheckDefinition,
  probe: HttpProbe,
  outputBytesMax: number,
): Promise<CheckResult> {
  const method = definition.method === "" ? "GET" : definition.method;
  const result = await probe.probe({
    url: definition.http,
    method,
    headers: withDefaults(definition.header),
    body: definition.body,
    timeoutMillis: definition.timeoutMillis > 0 ? definition.timeoutMillis : probeTimeoutMillisDefault,
    tlsSkipVerify: definition.tlsSkipVerify,
    bodyBytesMax: outputBytesMax,
  });
  return judgeHttp(definition.http, method, result);
}

/** Status and output of what came back. */
export function judgeHttp(url: string, method: string, result: ProbeResult): CheckResult {
  if (!result.ok) {
    const operation = `${method.slice(0, 1).toUpperCase()}${method.slice(1).toLowerCase()} "`;
    const isWhole = [operation, "parse ", "net/http: invalid"].some((start) =>
      result.error.startsWith(start),
    );
    const output = isWhole ? result.error : `${operation}${url}": ${result.error}`;
    return { status: "critical", output };
  }
  const line = result.statusText === "" ? `${result.status}` : `${result.status} ${result.statusText}`;
  const output = `HTTP ${method} ${url}: ${line} Output: ${result.body}`;
  if (result.status >= 200 && result.status <= 299) return { status: "passing", output };
  return { status: result.status === 429 ? "warning" : "critical", output };
}

function withDefaults(
  headers: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const merged: Record<string, readonly string[]> = { ...headers };
  for (const [name, value] of Object.entries(defaultHeaders))
    if (!given.has(name.toLowerCase())) merged[name] = [value];
  return merged;
}
