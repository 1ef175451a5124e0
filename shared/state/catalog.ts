// Catalog.Register and Catalog.Deregister on the state: everything is decided before the first row is written, so
// that a refused registration leaves nothing behind. The texts are Consul 1.8.7's, seen from outside.

import { metaProblem } from "../structs/service-meta.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import { serfHealthCheckId } from "../structs/check.ts";
import type { Node } from "../structs/node.ts";
import type { CheckRegistration, DeregisterRequest, RegisterRequest } from "../structs/registration.ts";
import type { NodeServices } from "../structs/service.ts";
import { checkOfNode, removeCheck, writeCheck } from "./checks.ts";
import { answerIndex, type StateTransaction, storedIndex } from "./indexes.ts";
import {
  type NodeFields,
  nodeById,
  nodeByName,
  nodesByIdPrefix,
  removeNode,
  sameNode,
  writeNode,
} from "./nodes.ts";
import type { ReadResult } from "./reads.ts";
import { lookupKey } from "./row-bodies.ts";
import { removeService, serviceOfNode, servicesOfNode, writeService } from "./services.ts";
import type { Sql } from "./sql.ts";
import { watchKey, watchPrefix } from "./watch-keys.ts";

/** What a registration does to its node's row. */
type NodePlan = {
  /** Null: the row stays as it is. */
  readonly write: NodeFields | null;
  /** The row whose CreateIndex is kept. */
  readonly previous: Node | null;
  /** The node that had this id under another name, and goes with all that is on it. */
  readonly renamedFrom: string | null;
};

/** Registers a node with a service and checks. Rows that say the same already are not written again. */
export function register(transaction: StateTransaction, request: RegisterRequest): Result<true, ServerError> {
  const { sql } = transaction;
  const wrong = malformed(request);
  if (wrong !== null) return fail(serverError("rejected", wrong));
  const plan = planNode(sql, request);
  if (!plan.ok) return fail(serverError("rejected", `failed inserting node: ${plan.error}`));
  const nodeKey = lookupKey(request.Node);
  const orphan = request.Checks.find((check) => !serviceExists(sql, nodeKey, check, request));
  if (orphan !== undefined) {
    return fail(
      serverError(
        "rejected",
        `failed inserting check: Missing service registration on node "${request.Node}"`,
      ),
    );
  }

  performNodePlan(transaction, plan.value);
  if (request.Service !== null) {
    const service = request.Service;
    writeService(transaction, nodeKey, service.ID === "" ? { ...service, ID: service.Service } : service);
  }
  for (const check of request.Checks) {
    const id = check.CheckID === "" ? check.Name : check.CheckID;
    writeCheck(transaction, nodeKey, { ...check, Node: request.Node, CheckID: id });
  }
  return ok(true);
}

/** Writes a node by itself; the error is what keeps its name or id from being taken. */
export function ensureNode(transaction: StateTransaction, fields: NodeFields): Result<true, string> {
  const plan = planNode(transaction.sql, {
    ...fields,
    NodeMeta: fields.Meta,
    Service: null,
    Checks: [],
    SkipNodeUpdate: false,
  });
  if (!plan.ok) return plan;
  performNodePlan(transaction, plan.value);
  return ok(true);
}

function performNodePlan(transaction: StateTransaction, plan: NodePlan): void {
  if (plan.renamedFrom !== null) removeNode(transaction, plan.renamedFrom);
  if (plan.write !== null) writeNode(transaction, plan.write, plan.previous);
}

/** Removes a service, a check, or the whole node; what is not there is removed already. */
export function deregister(
  transaction: StateTransaction,
  request: DeregisterRequest,
): Result<true, ServerError> {
  if (request.Node === "") return fail(serverError("rejected", "Must provide node"));
  const nodeKey = lookupKey(request.Node);
  if (request.ServiceID !== "") removeService(transaction, nodeKey, request.ServiceID);
  else if (request.CheckID !== "") removeCheck(transaction, nodeKey, request.CheckID);
  else removeNode(transaction, request.Node);
  return ok(true);
}

/** A node with its services by name, or by its id or a unique beginning of it. */
export function nodeServices(sql: Sql, nameOrId: string): ReadResult<NodeServices | null> {
  const asked = lookupKey(nameOrId);
  const keys = [watchKey("node", asked)];
  let node = nodeByName(sql, nameOrId);
  let ambiguous = 0;
  if (node === null && /^[0-9a-f-]{2,36}$/.test(asked)) {
    keys.push(watchPrefix("node-id", asked));
    const identified = nodesByIdPrefix(sql, asked);
    if (identified.length === 1) node = identified[0] ?? null;
    else ambiguous = identified.reduce((max, other) => Math.max(max, other.ModifyIndex), 0);
  }
  // A node that is unknown has the index of the last removal of a node, or 1, as Consul answers.
  if (node === null) {
    return { index: answerIndex(ambiguous, storedIndex(sql, watchKey("nodes"))), keys, value: null };
  }
  if (lookupKey(node.Node) !== asked) keys.push(watchKey("node", lookupKey(node.Node)));
  const nodeKey = lookupKey(node.Node);
  const services = servicesOfNode(sql, nodeKey);
  return {
    index: answerIndex(
      node.ModifyIndex,
      ...services.map((service) => service.ModifyIndex),
      storedIndex(sql, watchKey("node", nodeKey)),
    ),
    keys,
    value: {
      Node: node,
      Services: Object.fromEntries(services.map((service) => [service.ID, service])),
    },
  };
}

/** What is wrong with the request by itself, in the order in which Consul complains; null when nothing is. */
function malformed(request: RegisterRequest): string | null {
  if (request.Node === "") return "Must provide node";
  if (request.Address === "" && !request.SkipNodeUpdate) {
    return "Must provide address if SkipNodeUpdate is not set";
  }
  const badId = request.ID === "" ? null : malformedUuid(request.ID);
  if (badId !== null) return `Bad node ID: ${badId}`;
  if (request.Service !== null && request.Service.Service === "") {
    return request.Service.ID === ""
      ? "failed inserting service: failed inserting service: object missing primary index"
      : "Must provide service name with ID";
  }
  const badMeta = metaProblem(request.Service?.Meta ?? {});
  if (badMeta !== null) {
    const where = `node ${request.Node} and serviceID ${request.Service?.ID ?? ""}`;
    return `failed inserting service: Invalid Service Meta for ${where}: ${badMeta}`;
  }
  for (const check of request.Checks) {
    if (check.Node !== "" && lookupKey(check.Node) !== lookupKey(request.Node)) {
      return `check node "${check.Node}" does not match node "${request.Node}"`;
    }
    if (check.CheckID === "" && check.Name === "") {
      return `failed inserting check: failed inserting check: object missing primary index on node "${request.Node}"`;
    }
  }
  return null;
}

/** What Go's UUID parser says of an id; null when it is one. */
export function malformedUuid(id: string): string | null {
  if (id.length !== 36) return "uuid string is wrong length";
  if ([8, 13, 18, 23].some((at) => id[at] !== "-")) return "uuid is improperly formatted";
  const bad = id.replace(/-/g, "").match(/[^0-9a-fA-F]/u)?.[0];
  if (bad === undefined) return id.replace(/-/g, "").length === 32 ? null : "uuid is improperly formatted";
  const point = (bad.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `encoding/hex: invalid byte: U+${point} '${bad}'`;
}

/** A node's id is unique: the same id under a new name is a rename, unless the new name belongs to a living node. */
function planNode(sql: Sql, request: RegisterRequest): Result<NodePlan, string> {
  const fields: NodeFields = {
    ID: request.ID,
    Node: request.Node,
    Address: request.Address,
    Datacenter: request.Datacenter,
    TaggedAddresses: request.TaggedAddresses,
    Meta: request.NodeMeta,
  };
  const named = nodeByName(sql, request.Node);
  if (named !== null && (request.SkipNodeUpdate || sameNode(named, fields))) {
    return ok({ write: null, previous: named, renamedFrom: null });
  }
  if (request.ID === "") return ok({ write: fields, previous: named, renamedFrom: null });

  const identified = nodeById(sql, request.ID);
  const isRename = identified !== null && lookupKey(identified.Node) !== lookupKey(request.Node);
  if (named !== null && (isRename || identified === null) && isReserved(sql, named, request.ID, isRename)) {
    const where = isRename ? ` (${request.Address})` : "";
    return fail(
      `Error while renaming Node ID: "${request.ID}"${where}: ` +
        `Node name ${request.Node} is reserved by node ${named.ID} with name ${named.Node} (${named.Address})`,
    );
  }
  return ok({
    write: fields,
    previous: identified ?? named,
    renamedFrom: isRename ? identified.Node : null,
  });
}

/** Whether a name may not be taken over: its node has another id and is alive by its serf check. */
function isReserved(sql: Sql, holder: Node, id: string, isRename: boolean): boolean {
  if (lookupKey(holder.ID) === lookupKey(id)) return false;
  // A node that was registered without an id may get one.
  if (holder.ID === "" && !isRename) return false;
  const alive = checkOfNode(sql, lookupKey(holder.Node), serfHealthCheckId);
  return alive !== null && alive.Status !== "critical";
}

/** Whether a check names no service, or one that is on the node or comes with this very request. */
function serviceExists(
  sql: Sql,
  nodeKey: string,
  check: CheckRegistration,
  request: RegisterRequest,
): boolean {
  if (check.ServiceID === "") return true;
  const coming = request.Service === null ? null : request.Service.ID || request.Service.Service;
  if (coming !== null && lookupKey(coming) === lookupKey(check.ServiceID)) return true;
  return serviceOfNode(sql, nodeKey, check.ServiceID) !== null;
}
