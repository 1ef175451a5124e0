// The query parameters of the HTTP API: what each means, and which routes take which. For docs/openapi.json.

type Parameter = { readonly type: "string" | "boolean" | "integer"; readonly doc: string };

const flag = (doc: string): Parameter => ({ type: "boolean", doc });
const text = (doc: string): Parameter => ({ type: "string", doc });
const integer = (doc: string): Parameter => ({ type: "integer", doc });

export const parameterDocs: Readonly<Record<string, Parameter>> = {
  dc: text("Datacenter to ask; the agent's own by default."),
  token: text("Token; a header X-Consul-Token or Authorization: Bearer does as well."),
  pretty: flag("Indented JSON."),
  stale: flag("Any server may answer."),
  consistent: flag("The leader asks its quorum first."),
  cached: flag("The agent may answer from its cache."),
  max_stale: text("Like stale, for answers no older than this Go duration."),
  index: text("Waits until the answer's X-Consul-Index is above this."),
  wait: text("How long to wait with index, a Go duration; 5m by default, 10m at most."),
  filter: text("An expression that rows must fulfil (go-bexpr)."),
  near: text('Rows by round-trip time from this node; "_agent" is the agent that is asked.'),
  "node-meta": text("key:value that nodes must have. May be repeated."),
  tag: text("A tag that instances must have. May be repeated."),
  passing: flag("Only instances whose checks all pass."),
  raw: flag("The bare value."),
  recurse: flag("Everything below the key."),
  keys: flag("Only the names of keys."),
  separator: text("With keys: names end behind this."),
  flags: text("A 64-bit number to keep with the key."),
  cas: text("Only when the ModifyIndex is this; 0: only when there is none."),
  acquire: text("Take the key's lock for this session."),
  release: text("Give the key's lock of this session back."),
  ttl: text("Ours: the key goes after this Go duration."),
  limit: integer("At most so many rows."),
  after: text("Ours: rows behind this key."),
  depth: integer("Ours: names are cut behind so many separators."),
  count: flag("Ours: only how many there are."),
  watch: flag("Ours: a stream of server-sent events."),
  connect: flag("Only instances that take part in the mesh."),
  name: text("Only events of this name."),
  node: text("Expression that a node's name must match."),
  service: text("Expression that a service of a node must match."),
  segment: text("Network segment."),
  "compile-dc": text("Datacenter for which the chain is compiled."),
  enable: flag("true turns maintenance on, false off."),
  reason: text("Why; shown with the check."),
  note: text("Output of the check."),
  format: text('"text" for a bare status.'),
  wan: flag("The pool of the datacenters."),
  prune: flag("Forget the member at once."),
  id: text("Id of a server."),
  address: text("Address of a server."),
};

const common = ["dc", "token", "pretty"];
const reads = [...common, "stale", "consistent", "max_stale", "index", "wait"];
const discovery = [...reads, "cached", "filter"];

/** Beside the common ones, by "METHOD path". */
const own: Readonly<Record<string, readonly string[]>> = {
  "GET /v1/kv/:key": [
    ...reads,
    "raw",
    "recurse",
    "keys",
    "separator",
    "limit",
    "after",
    "depth",
    "count",
    "watch",
  ],
  "PUT /v1/kv/:key": [...common, "flags", "cas", "acquire", "release", "ttl"],
  "DELETE /v1/kv/:key": [...common, "recurse", "cas"],
  "GET /v1/catalog/nodes": [...discovery, "near", "node-meta"],
  "GET /v1/catalog/services": [...reads, "cached", "node-meta"],
  "GET /v1/catalog/service/:service": [...discovery, "near", "node-meta", "tag"],
  "GET /v1/catalog/node/:node": discovery,
  "GET /v1/catalog/node-services/:node": discovery,
  "GET /v1/health/node/:node": discovery,
  "GET /v1/health/checks/:service": [...discovery, "near", "node-meta"],
  "GET /v1/health/service/:service": [...discovery, "near", "node-meta", "tag", "passing", "watch"],
  "GET /v1/health/state/:state": [...discovery, "near", "node-meta"],
  "GET /v1/query/:id/execute": [...common, "stale", "consistent", "cached", "near", "limit", "connect"],
  "GET /v1/coordinate/nodes": [...reads, "segment"],
  "GET /v1/coordinate/node/:node": [...reads, "segment"],
  "PUT /v1/event/fire/:name": [...common, "node", "service", "tag"],
  "GET /v1/event/list": [...common, "index", "wait", "name"],
  "PUT /v1/config": [...common, "cas"],
  "GET /v1/discovery-chain/:service": [...reads, "compile-dc"],
  "POST /v1/discovery-chain/:service": [...reads, "compile-dc"],
  "PUT /v1/agent/maintenance": [...common, "enable", "reason"],
  "PUT /v1/agent/service/maintenance/:id": [...common, "enable", "reason"],
  "PUT /v1/agent/check/pass/:id": [...common, "note"],
  "PUT /v1/agent/check/warn/:id": [...common, "note"],
  "PUT /v1/agent/check/fail/:id": [...common, "note"],
  "GET /v1/agent/health/service/name/:name": [...common, "format"],
  "GET /v1/agent/health/service/id/:id": [...common, "format"],
  "GET /v1/agent/services": [...common, "filter"],
  "GET /v1/agent/checks": [...common, "filter"],
  "PUT /v1/agent/join/:address": [...common, "wan"],
  "PUT /v1/agent/force-leave/:node": [...common, "prune"],
  "DELETE /v1/operator/raft/peer": [...common, "id", "address"],
};

const readAreas =
  /^\/v1\/(catalog|health|query|session|coordinate|config|internal|discovery-chain|acl|connect)\b/;

/** The names of a route's query parameters. */
export function parametersOf(method: string, path: string): readonly string[] {
  const plain = path.replace("*", "");
  return own[`${method} ${plain}`] ?? (method === "GET" && readAreas.test(plain) ? reads : common);
}
