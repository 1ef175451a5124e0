// One request of an HTTP check: no connection is kept, redirects are followed, the body is cut at a limit.

import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { request as tlsRequest } from "node:https";
import type { HttpProbe, ProbeResult } from "../ports.ts";
import { goErrorText } from "./network-errors.ts";
import { request as plainRequest } from "./node-http.ts";

type ProbeRequest = Parameters<HttpProbe["probe"]>[0];

const redirectsMax = 10;
const userAgent = "Consul Health Check";
const accept = "text/plain, text/*, */*";

export const httpProbe: HttpProbe = { probe };

async function probe(request: ProbeRequest): Promise<ProbeResult> {
  const mistake = requestMistake(request);
  if (mistake !== null) return { ok: false, status: 0, statusText: "", body: "", error: mistake };
  const overall = AbortSignal.timeout(Math.max(1, request.timeoutMillis));
  let { url, method, body } = request;
  for (let hop = 0; ; hop++) {
    try {
      const reply = await once({ ...request, url, method, body }, overall);
      if (reply.location === null) return reply.result;
      if (hop >= redirectsMax)
        return failed(method, reply.location, `stopped after ${redirectsMax} redirects`);
      url = new URL(reply.location, url).href;
      if (reply.result.status < 307 && method !== "HEAD") [method, body] = ["GET", ""];
    } catch (error) {
      const text = overall.aborted
        ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        : goErrorText(error);
      return failed(method, url, text);
    }
  }
}

const methodToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What Go says of a request that cannot be made; null when it can. */
function requestMistake({ method, url }: ProbeRequest): string | null {
  if (!methodToken.test(method)) return `net/http: invalid method ${JSON.stringify(method)}`;
  const parsed = (why: string) => `parse ${JSON.stringify(url)}: ${why}`;
  if (!/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(url)) {
    if (/^[^/?#]*:/.test(url)) return parsed("first path segment in URL cannot contain colon");
    return `Get ${JSON.stringify(url)}: unsupported protocol scheme ""`;
  }
  if (/^[^/]*\/\/\[[^\]]*$/.test(url)) return parsed("missing ']' in host");
  return URL.canParse(url) ? null : parsed("invalid URL");
}

function failed(method: string, url: string, text: string): ProbeResult {
  const operation = method[0] + method.slice(1).toLowerCase();
  return { ok: false, status: 0, statusText: "", body: "", error: `${operation} "${url}": ${text}` };
}

type Hop = { readonly result: ProbeResult; readonly location: string | null };

function headersOf(request: ProbeRequest): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "User-Agent": userAgent, Accept: accept };
  for (const [name, values] of Object.entries(request.headers)) {
    const same = Object.keys(headers).find((known) => known.toLowerCase() === name.toLowerCase());
    if (same !== undefined) delete headers[same];
    headers[name] = values.length === 1 ? values[0]! : [...values];
  }
  if (request.body !== "") headers["Content-Length"] = String(Buffer.byteLength(request.body));
  return headers;
}

function once(request: ProbeRequest, signal: AbortSignal): Promise<Hop> {
  return new Promise((resolve, reject) => {
    const url = new URL(request.url);
    if (url.protocol !== "http:" && url.protocol !== "https:")
      throw new Error(`unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
    const options = { method: request.method, headers: headersOf(request), agent: false as const, signal };
    const sent =
      url.protocol === "https:"
        ? tlsRequest(url, { ...options, rejectUnauthorized: !request.tlsSkipVerify })
        : plainRequest(url, options);
    sent.on("error", reject);
    sent.on("response", (response) => readReply(request, response, resolve));
    sent.end(request.body);
  });
}

function readReply(request: ProbeRequest, response: IncomingMessage, resolve: (hop: Hop) => void): void {
  const status = response.statusCode ?? 0;
  const location = response.headers.location;
  const moved = location !== undefined && [301, 302, 303, 307, 308].includes(status);
  const chunks: Buffer[] = [];
  let bytes = 0;
  const finish = () => {
    const body = Buffer.concat(chunks).subarray(0, request.bodyBytesMax).toString();
    const result = { ok: true, status, statusText: response.statusMessage ?? "", body, error: "" };
    resolve({ result, location: moved ? location : null });
    response.destroy();
  };
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= request.bodyBytesMax) finish();
  });
  // The status is known: what breaks the body off, time included, does not take it back, as in Consul.
  for (const end of ["end", "error", "aborted"]) response.once(end, finish);
}
