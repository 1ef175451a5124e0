// What a scenario is made of: steps as data, performed on both programs. Text may hold ${names}: what the agents have
// (node, node_id, http_port, dns_port, tmp) and what earlier steps saved.

export type HttpStep = {
  readonly kind: "http";
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Name → where its value stands: "$.ID", "$[0].ModifyIndex", "header:X-Consul-Index". */
  readonly save?: Readonly<Record<string, string>>;
  /** Parts of the answer that are not compared. */
  readonly ignore?: readonly RegExp[];
  /** The elements of the list that is the answer come in any order. */
  readonly unordered?: boolean;
};

export type CliStep = {
  readonly kind: "cli";
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly ignore?: readonly RegExp[];
  readonly save?: Readonly<Record<string, string>>;
};

/** `background` is asked, then `steps` are performed, then it is joined; when it came back is compared as well. */
export type DuringStep = {
  readonly kind: "during";
  readonly background: HttpStep;
  readonly steps: readonly Step[];
};

export type PauseStep = { readonly kind: "pause"; readonly millis: number };

/** Asks until the answer's text matches, at most `limitMillis`; the answer itself is not compared. */
export type AwaitStep = {
  readonly kind: "await";
  readonly request: HttpStep;
  readonly matches: RegExp;
  readonly limitMillis: number;
};

/** A file under ${tmp}. */
export type FileStep = { readonly kind: "file"; readonly name: string; readonly text: string };

export type Step = HttpStep | CliStep | DuringStep | PauseStep | AwaitStep | FileStep;

export type Scenario = { readonly name: string; readonly steps: readonly Step[] };

/** Scenarios that share a pair of agents; `config` is their configuration file, `flags` more of their command line. */
export type Area = {
  readonly name: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly flags?: readonly string[];
  /** "dev" (where nothing is said), or a server that keeps its data and prints its JSON in one line. */
  readonly mode?: "dev" | "server";
  readonly scenarios: readonly Scenario[];
};

type More = Omit<HttpStep, "kind" | "method" | "path" | "body">;
type Body = string | Uint8Array | object;

export function request(method: string, path: string, body?: Body, more: More = {}): HttpStep {
  if (body === undefined) return { kind: "http", method, path, ...more };
  const sent = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  return { kind: "http", method, path, body: sent, ...more };
}

export const get = (path: string, more: More = {}): HttpStep => request("GET", path, undefined, more);
export const put = (path: string, body: Body = "", more: More = {}): HttpStep =>
  request("PUT", path, body, more);
export const post = (path: string, body: Body = "", more: More = {}): HttpStep =>
  request("POST", path, body, more);
export const del = (path: string, more: More = {}): HttpStep => request("DELETE", path, undefined, more);
export const cli = (args: readonly string[], more: Omit<CliStep, "kind" | "args"> = {}): CliStep => ({
  kind: "cli",
  args,
  ...more,
});
export const during = (background: HttpStep, ...steps: readonly Step[]): DuringStep => ({
  kind: "during",
  background,
  steps,
});
export const pause = (millis: number): PauseStep => ({ kind: "pause", millis });
export const awaited = (asked: HttpStep, matches: RegExp, limitMillis = 10_000): AwaitStep => ({
  kind: "await",
  request: asked,
  matches,
  limitMillis,
});
export const file = (name: string, text: string): FileStep => ({ kind: "file", name, text });
export const scenario = (name: string, ...steps: readonly Step[]): Scenario => ({ name, steps });

/** A step as a person would say it. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case "http": {
      const body = typeof step.body === "string" ? step.body : step.body === undefined ? "" : "<bytes>";
      return `${step.method} ${step.path}${body === "" ? "" : ` ${body.slice(0, 300)}`}`;
    }
    case "cli":
      return `$ ${step.args.join(" ")}`;
    case "during":
      return `during ${describeStep(step.background)}: ${step.steps.map(describeStep).join("; ")}`;
    case "pause":
      return `pause ${step.millis} ms`;
    case "await":
      return `await ${step.matches} of ${describeStep(step.request)}`;
    case "file":
      return `file ${step.name}`;
  }
}
