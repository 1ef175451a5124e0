// How commands ask an agent: address and token from options and environment, one request, and errors that name the
// cause and the next step.

import { bytesToBase64 } from "../../shared/base/base64.ts";
import { fail, ok, type Result } from "../../shared/base/result.ts";
import { type FlagSpec, flagBool, flagText, type ParsedFlags } from "../config/flags.ts";
import type { CommandContext } from "./command.ts";
import type { CliHttpRequest } from "./ports.ts";

/** Options of every command that asks an agent. */
export const agentOptions: readonly FlagSpec[] = [
  { name: "ca-file", type: "text", value: "path", doc: "CA certificate for https. Also CONSUL_CACERT." },
  {
    name: "ca-path",
    type: "text",
    value: "path",
    doc: "Directory of CA certificates: not available yet, use -ca-file.",
  },
  {
    name: "client-cert",
    type: "text",
    value: "path",
    doc: "Client certificate for https. Also CONSUL_CLIENT_CERT.",
  },
  {
    name: "client-key",
    type: "text",
    value: "path",
    doc: "Key of the client certificate. Also CONSUL_CLIENT_KEY.",
  },
  {
    name: "http-addr",
    type: "text",
    value: "address",
    doc: "Address of the agent's HTTP API: host:port, http://… or https://…. Also CONSUL_HTTP_ADDR. Default: http://127.0.0.1:8500.",
  },
  {
    name: "tls-server-name",
    type: "text",
    value: "name",
    doc: "Server name for https. Also CONSUL_TLS_SERVER_NAME.",
  },
  { name: "token", type: "text", value: "secret", doc: "Token of the request. Also CONSUL_HTTP_TOKEN." },
  {
    name: "token-file",
    type: "text",
    value: "path",
    doc: "File that holds the token. Also CONSUL_HTTP_TOKEN_FILE.",
  },
];

/** Options of commands that servers answer. */
export const serverOptions: readonly FlagSpec[] = [
  { name: "datacenter", type: "text", value: "name", doc: "Datacenter to ask. Default: the agent's own." },
  {
    name: "stale",
    type: "bool",
    doc: "Any server may answer, not only the leader: faster, perhaps out of date.",
  },
];

export type ApiReply = {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** By lower-case name; "" when it is absent. */
  header(name: string): string;
};

export type ApiRequest = {
  readonly method?: "GET" | "PUT" | "POST" | "DELETE";
  /** Escaped: pathOf(...). */
  readonly path: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array;
  /** Statuses that are an answer, 200 apart. */
  readonly alsoGood?: readonly number[];
  /** As in CliHttpRequest. */
  readonly onPiece?: (piece: Uint8Array) => void;
  readonly onStart?: (stop: () => void) => void;
};

/** One request; the error is the text after "Error …: ". */
export async function ask(context: CommandContext, request: ApiRequest): Promise<Result<ApiReply, string>> {
  const target = targetOf(context);
  if (!target.ok) return target;
  const query = [...(request.query ?? [])];
  const datacenter = flagText(context.flags, "datacenter") ?? "";
  if (datacenter !== "") query.push(["dc", datacenter]);
  if (flagBool(context.flags, "stale")) query.push(["stale", ""]);
  const method = request.method ?? "GET";
  const path = request.path + queryText(query);
  const reply = await context.ports.http({
    ...target.value,
    method,
    path,
    body: request.body ?? null,
    ...(request.onPiece === undefined ? {} : { onPiece: request.onPiece }),
    ...(request.onStart === undefined ? {} : { onStart: request.onStart }),
  });
  const word = method.charAt(0) + method.slice(1).toLowerCase();
  if (!reply.ok)
    return fail(
      `${word} "${target.value.origin}${path}": ${reply.error}\n${connectHint(context, target.value.origin)}`,
    );
  const text = new TextDecoder().decode(reply.value.body);
  const { status, headers = {} } = reply.value;
  if (status === 200 || request.alsoGood?.includes(status))
    return ok({ status, bytes: reply.value.body, text, header: (name) => headers[name] ?? "" });
  // As it is, line breaks included: so Consul prints it.
  const reason = text === "" ? "" : ` (${text})`;
  return fail(`Unexpected response code: ${status}${reason}${statusHint(status)}`);
}

/** The same for replies in JSON. */
export async function askJson<T>(context: CommandContext, request: ApiRequest): Promise<Result<T, string>> {
  const reply = await ask(context, request);
  if (!reply.ok) return reply;
  try {
    return ok(JSON.parse(reply.value.text) as T);
  } catch {
    return fail(
      `the answer is no JSON: is there a Consul API at this address? It begins: ${reply.value.text.slice(0, 80)}`,
    );
  }
}

/** Prints "WHAT: why" on stderr ("Error! why", and just why without a WHAT); the exit code 1. */
export function failed(context: CommandContext, what: string, why: string): number {
  const lead = what === "" ? "" : what.endsWith("!") ? `${what} ` : `${what}: `;
  context.ports.stderr(`${lead}${why}\n`);
  return 1;
}

/** "/v1/kv/a%20b": the names escaped, slashes inside them kept. */
export function pathOf(prefix: string, name: string): string {
  const escaped = name.split("/").map((part) => encodeURIComponent(part));
  return prefix + escaped.join("/").replace(/\/(?=\/)/g, "%2F");
}

type Target = Pick<CliHttpRequest, "origin" | "headers" | "tls">;

function targetOf(context: CommandContext): Result<Target, string> {
  const { flags, ports } = context;
  const setting = (flag: string, variable: string) => flagText(flags, flag) ?? ports.env[variable] ?? "";
  const origin = originOf(setting("http-addr", "CONSUL_HTTP_ADDR"), isTrue(ports.env.CONSUL_HTTP_SSL));
  if (!origin.ok) return origin;
  if (setting("ca-path", "CONSUL_CAPATH") !== "") return fail("-ca-path is not available yet: give -ca-file");
  const token = tokenOf(context, flags);
  if (!token.ok) return token;
  const headers: Record<string, string> = {};
  if (token.value !== "") headers["X-Consul-Token"] = token.value;
  const login = ports.env.CONSUL_HTTP_AUTH ?? "";
  if (login !== "") headers.Authorization = `Basic ${bytesToBase64(new TextEncoder().encode(login))}`;
  const tls = {
    caFile: setting("ca-file", "CONSUL_CACERT"),
    certFile: setting("client-cert", "CONSUL_CLIENT_CERT"),
    keyFile: setting("client-key", "CONSUL_CLIENT_KEY"),
    serverName: setting("tls-server-name", "CONSUL_TLS_SERVER_NAME"),
    verify: !isFalse(ports.env.CONSUL_HTTP_SSL_VERIFY),
  };
  return ok({ origin: origin.value, headers, tls });
}

function originOf(address: string, secure: boolean): Result<string, string> {
  if (address === "") return ok(secure ? "https://127.0.0.1:8500" : "http://127.0.0.1:8500");
  if (/^unix:\/\/\/./.test(address)) return ok(address);
  const [, scheme = secure ? "https" : "http", rest = ""] =
    /^(?:(https?):\/\/)?([^/?#\s]+)\/*$/i.exec(address) ?? [];
  if (rest === "" || address.includes("://") !== /^https?:\/\//i.test(address))
    return fail(
      `"${address}" is no address of an agent: write host:port, http://host:port, https://host:port or unix:///path`,
    );
  return ok(`${scheme.toLowerCase()}://${rest.startsWith(":") ? `127.0.0.1${rest}` : rest}`);
}

function tokenOf(context: CommandContext, flags: ParsedFlags): Result<string, string> {
  const { env } = context.ports;
  const file = flagText(flags, "token-file") ?? env.CONSUL_HTTP_TOKEN_FILE ?? "";
  if (file === "") return ok(flagText(flags, "token") ?? env.CONSUL_HTTP_TOKEN ?? "");
  const bytes = context.ports.readFile(file);
  return bytes.ok
    ? ok(new TextDecoder().decode(bytes.value).trim())
    : fail(`Error loading token file: ${bytes.error}`);
}

function queryText(query: readonly (readonly [string, string])[]): string {
  const pairs = query.map(([name, value]) => (value === "" ? name : `${name}=${encodeURIComponent(value)}`));
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function connectHint(context: CommandContext, origin: string): string {
  const { program } = context.ports;
  return (
    `Is an agent running at ${origin}? Start one: npm start (a whole datacenter), or ${program} agent -data-dir=DIR -edge-url=URL. ` +
    "Another address: -http-addr or CONSUL_HTTP_ADDR."
  );
}

function statusHint(status: number): string {
  if (status === 403) return "\nThe token may not do this: give another with -token or CONSUL_HTTP_TOKEN.";
  if (status === 503) return "\nThe Worker has no secret yet: see README, Deploy.";
  return "";
}

function isTrue(text: string | undefined): boolean {
  return ["1", "t", "true"].includes((text ?? "").toLowerCase());
}

function isFalse(text: string | undefined): boolean {
  return ["0", "f", "false"].includes((text ?? "").toLowerCase());
}
