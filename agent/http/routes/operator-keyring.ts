// /v1/operator/keyring: the keys of gossip encryption, listed and changed on all members (surface A9). A client of
// self-hosted servers leaves it to them, as in Consul; where the servers do not gossip, every agent may do it.

import type { HttpReply, HttpRequest, Route } from "../../../shared/api/http.ts";
import { readJsonBody } from "../../../shared/api/json-body.ts";
import { emptyReply, errorReply, jsonReply, textReply } from "../../../shared/api/reply.ts";
import { base64ToBytes, goBase64 } from "../../../shared/base/base64.ts";
import { parseGoBoolean } from "../../../shared/base/go-number.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import type { KeyTally } from "../../../shared/serf/key-tally.ts";
import { errorMessage } from "../../../shared/errors.ts";
import { StructReader } from "../../../shared/structs/struct-reader.ts";
import type { KeyringReply } from "../../../shared/structs/keyring.ts";
import { type KeyOperation, runKeyOperation } from "../../gossip/pool-operations.ts";
import type { AgentContext } from "../context.ts";
import { errorsText } from "./agent-gossip.ts";

const path = "/v1/operator/keyring";

export const operatorKeyringRoutes: readonly Route<AgentContext>[] = [
  { method: "GET", path, summary: "Keys of gossip encryption and who holds them", handle: list },
  { method: "POST", path, summary: "Install a key on all members", handle: change("install") },
  { method: "PUT", path, summary: "Encrypt with this key on all members", handle: change("use") },
  { method: "DELETE", path, summary: "Remove a key from all members", handle: change("remove") },
];

type Options = { readonly relayFactor: number; readonly localOnly: boolean };

function parseOptions(request: HttpRequest): Result<Options, string> {
  const factor = request.query("relay-factor") ?? "";
  if (factor !== "" && !/^[+-]?\d+$/.test(factor)) {
    return fail(
      `Error parsing relay factor: strconv.Atoi: parsing ${JSON.stringify(factor)}: invalid syntax`,
    );
  }
  const relayFactor = Number(factor);
  if (relayFactor < 0 || relayFactor > 5) {
    return fail("Invalid relay-factor: Relay factor must be in range: [0, 5]");
  }
  const local = request.query("local-only") ?? "";
  const localOnly = local === "" ? false : parseGoBoolean(local);
  if (localOnly === null) {
    return fail(
      `Error parsing local-only: strconv.ParseBool: parsing ${JSON.stringify(local)}: invalid syntax`,
    );
  }
  return ok({ relayFactor, localOnly });
}

const badRequest = (why: string) => textReply(400, `Bad request: ${why}`);

/** Null when this agent is the one to do it. */
function refusal(context: AgentContext): HttpReply | null {
  const servers = context.poolMembers().filter((member) => member.Tags.role === "consul");
  if (context.config.ownServer !== null || servers.length === 0) return null;
  return textReply(500, "keyring operations must run against a server node");
}

async function list(request: HttpRequest, context: AgentContext): Promise<HttpReply> {
  const options = parseOptions(request);
  if (!options.ok) return badRequest(options.error);
  const refused = refusal(context);
  if (refused !== null) return refused;
  const { relayFactor, localOnly } = options.value;
  const done = await perform(context, "list", new Uint8Array(0), relayFactor, !localOnly);
  return done.ok ? jsonReply(request, context, done.value) : textReply(500, done.error);
}

function change(operation: Exclude<KeyOperation, "list">) {
  return async (request: HttpRequest, context: AgentContext): Promise<HttpReply> => {
    const body = await readJsonBody(request);
    if (!body.ok) {
      const isMalformed = body.error.code === "decodeFailed";
      return isMalformed ? badRequest(errorMessage(body.error)) : errorReply(body.error);
    }
    const given = keyOf(body.value);
    if (!given.ok) return badRequest(`Request decode failed: ${given.error}`);
    const options = parseOptions(request);
    if (!options.ok) return badRequest(options.error);
    const { relayFactor, localOnly } = options.value;
    if (localOnly) {
      return badRequest("Invalid use of local-only: local-only can only be set for list requests");
    }
    const refused = refusal(context);
    if (refused !== null) return refused;
    const canonical = goBase64(given.value);
    const key = canonical.ok ? base64ToBytes(canonical.value) : null;
    if (key === null) {
      const text = canonical.ok ? "illegal base64 data" : canonical.error;
      return textReply(500, errorsText(poolNames(context, true).map((pool) => `${pool} error: ${text}`)));
    }
    const done = await perform(context, operation, key, relayFactor, true);
    return done.ok ? emptyReply : textReply(500, done.error);
  };
}

function keyOf(body: unknown): Result<string, string> {
  const struct = "keyringArgs";
  const reader = new StructReader(body, { source: "api", type: `agent.${struct}`, struct, path: "" });
  const key = reader.string("Key");
  reader.string("Token");
  reader.integer("RelayFactor", "uint");
  reader.boolean("LocalOnly");
  const problem = reader.problem();
  return problem === null ? ok(key) : fail(problem);
}

function poolNames(context: AgentContext, wan: boolean): string[] {
  const lan = `${context.datacenter} (LAN)`;
  return wan && context.config.ownServer !== null ? ["WAN", lan] : [lan];
}

async function perform(
  context: AgentContext,
  operation: KeyOperation,
  key: Uint8Array,
  relayFactor: number,
  wan: boolean,
): Promise<Result<readonly KeyringReply[], string>> {
  const layer = context.pool?.serf() ?? null;
  if (layer === null)
    return fail(errorsText([`${context.datacenter} (LAN) error: this agent does not gossip`]));
  const done = await runKeyOperation(layer, operation, key, relayFactor);
  const withWan = wan && context.config.ownServer !== null;
  const lan = done.ok ? done.value : done.error.tally;
  const servers = withWan ? serversOnly(context, lan) : null;
  if (done.ok) {
    const rings = [ring(context, lan, false)];
    return ok(servers === null ? rings : [ring(context, servers, true), ...rings]);
  }
  const lines =
    servers === null ? [] : problemLines("WAN", servers, `.${context.datacenter}`, done.error.text);
  return fail(
    errorsText([...lines, ...problemLines(`${context.datacenter} (LAN)`, lan, "", done.error.text)]),
  );
}

/** Servers carry the same keys between datacenters: their part of the answers. */
function serversOnly(context: AgentContext, lan: KeyTally): KeyTally {
  const alive = context.poolMembers().filter(({ Tags, Status }) => Tags.role === "consul" && Status === 1);
  const names = new Set(alive.map((member) => member.Name));
  const part: KeyTally = {
    ...lan,
    nodes: names.size,
    keys: new Map(),
    primaryKeys: new Map(),
    messages: new Map(),
  };
  part.responses = 0;
  part.errors = 0;
  for (const [node, answer] of lan.byNode) {
    if (!names.has(node)) continue;
    part.responses++;
    if (!answer.result) part.errors++;
    if (answer.message !== "") part.messages.set(node, answer.message);
    for (const key of answer.keys) part.keys.set(key, (part.keys.get(key) ?? 0) + 1);
    const primary = answer.primaryKey;
    if (primary !== "") part.primaryKeys.set(primary, (part.primaryKeys.get(primary) ?? 0) + 1);
  }
  return part;
}

function problemLines(pool: string, tally: KeyTally, suffix: string, otherwise: string): string[] {
  const { nodes, errors, responses } = tally;
  if (errors === 0 && responses === nodes) return [];
  const text =
    errors > 0
      ? `${errors}/${nodes} nodes reported failure`
      : responses > 0
        ? `${responses}/${nodes} nodes reported success`
        : otherwise;
  return [`${pool} error: ${text}`, ...[...tally.messages].map(([node, why]) => `${node}${suffix}: ${why}`)];
}

function ring(context: AgentContext, tally: KeyTally, wan: boolean): KeyringReply {
  const messages = Object.fromEntries(tally.messages);
  return {
    WAN: wan,
    Datacenter: context.datacenter,
    Segment: "",
    ...(tally.messages.size === 0 ? {} : { Messages: messages }),
    Keys: sorted(tally.keys),
    PrimaryKeys: sorted(tally.primaryKeys),
    NumNodes: tally.nodes,
  };
}

/** Go prints maps in the order of their keys. */
function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
