// One HTTP request and all of its answer, as it stood on the wire; and one command of the command line.

import { execFile } from "node:child_process";
import { request as open } from "node:http";
import { gunzipSync } from "node:zlib";
import type { Program } from "./program.ts";
import type { CliStep, HttpStep } from "./steps.ts";

export type Answer = {
  /** "200", "exit 1", or what went wrong. */
  readonly status: string;
  /** Names in the case in which they were sent. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly bytes: Uint8Array;
};

export type Variables = Map<string, string>;

/** `${name}` → its value; an unknown name stays as it is. */
export function fillIn(text: string, variables: Variables): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name: string) => variables.get(name) ?? whole);
}

const answerMillisMax = 30_000;

/** Asks; a connection that breaks is an answer too. */
export function exchange(program: Program, step: HttpStep, variables: Variables): Promise<Answer> {
  // What may not stand in a request line at all is escaped, whatever the scenario says.
  const path = fillIn(step.path, variables).replace(/[^\x21-\x7e]/gu, encodeURIComponent);
  const body = typeof step.body === "string" ? Buffer.from(fillIn(step.body, variables)) : step.body;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(step.headers ?? {})) headers[name] = fillIn(value, variables);
  if (body !== undefined && headers["Transfer-Encoding"] === undefined) {
    headers["Content-Length"] = String(body.length);
  }
  return new Promise((resolve) => {
    const failed = (why: string) => resolve({ status: why, headers: [], body: "", bytes: new Uint8Array() });
    const outgoing = open(
      {
        host: "127.0.0.1",
        port: program.port,
        method: step.method,
        path,
        headers,
        agent: false,
        timeout: answerMillisMax,
      },
      (reply) => {
        const pieces: Buffer[] = [];
        reply.on("data", (piece: Buffer) => pieces.push(piece));
        reply.on("error", (error) => failed(`broken answer: ${error.message}`));
        reply.on("end", () => {
          const packed = Buffer.concat(pieces);
          const bytes = reply.headers["content-encoding"] === "gzip" ? gunzipSync(packed) : packed;
          const sent: [string, string][] = [];
          for (let at = 0; at < reply.rawHeaders.length; at += 2) {
            sent.push([reply.rawHeaders[at] ?? "", reply.rawHeaders[at + 1] ?? ""]);
          }
          resolve({ status: String(reply.statusCode), headers: sent, body: bytes.toString("utf8"), bytes });
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", (error) => failed(/time/.test(error.message) ? error.message : "connection broken"));
    outgoing.end(body);
  });
}

/** Runs the program's own command line against its agent. */
export function runCli(program: Program, step: CliStep, variables: Variables): Promise<Answer> {
  const env = { ...process.env, CONSUL_HTTP_ADDR: `127.0.0.1:${program.port}`, ...step.env };
  const args = step.args.map((word) => fillIn(word, variables));
  return new Promise((resolve) => {
    const child = execFile(
      program.file,
      args,
      { env, timeout: answerMillisMax, cwd: variables.get("tmp") },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : (error.code ?? error.signal ?? "?");
        const body = `${stdout}\n--- stderr\n${stderr}`;
        resolve({ status: `exit ${code}`, headers: [], body, bytes: Buffer.from(body) });
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(step.stdin === undefined ? "" : fillIn(step.stdin, variables));
  });
}

/** The value at "$.a[0].b" of a JSON body or at "header:Name"; "" when there is none. */
export function valueAt(answer: Answer, place: string): string {
  if (place.startsWith("header:")) {
    const name = place.slice("header:".length).toLowerCase();
    return answer.headers.find(([sent]) => sent.toLowerCase() === name)?.[1] ?? "";
  }
  if (place.startsWith("/")) return new RegExp(place.slice(1, -1)).exec(answer.body)?.[1] ?? "";
  let value: unknown;
  try {
    value = JSON.parse(answer.body) as unknown;
  } catch {
    return "";
  }
  for (const part of place.match(/[^$.[\]]+/g) ?? []) {
    value =
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  return value === undefined || value === null ? "" : String(value);
}
