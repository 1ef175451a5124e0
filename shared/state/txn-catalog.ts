// The operations of a transaction on nodes, services and checks. The functions of the catalog do the work; here stand
// Consul's conditions and texts.

import { fail, ok } from "../base/result.ts";
import { metaProblem } from "../structs/service-meta.ts";
import type { TxnCheckOperation, TxnNodeOperation, TxnResult, TxnServiceOperation } from "../structs/txn.ts";
import { ensureNode, malformedUuid } from "./catalog.ts";
import { checkOfNode, removeCheck, writeCheck } from "./checks.ts";
import type { StateTransaction } from "./indexes.ts";
import { nodeById, nodeByName, removeNode } from "./nodes.ts";
import { lookupKey } from "./row-bodies.ts";
import { removeService, serviceOfNode, writeService } from "./services.ts";
import type { Sql } from "./sql.ts";
import type { Performed } from "./txn.ts";

/** What is wrong with a node's operation by itself. */
export function refuseNode({ verb, node }: TxnNodeOperation): string | null {
  if (verb === "get") return null;
  if (node.Node === "") return "Must provide node";
  const problem = node.ID === "" ? null : malformedUuid(node.ID);
  return problem === null ? null : `Bad node ID: ${problem}`;
}

/** What is wrong with a service's operation by itself. */
export function refuseService({ verb, node, service }: TxnServiceOperation): string | null {
  if (verb === "get") return null;
  if (service.ID !== "" && service.Service === "") return "Must provide service name with ID";
  const problem = metaProblem(service.Meta ?? {});
  const id = service.ID || service.Service;
  return problem === null ? null : `Invalid Service Meta for node ${node} and serviceID ${id}: ${problem}`;
}

export function performNode(transaction: StateTransaction, operation: TxnNodeOperation): Performed {
  const { verb, node, index } = operation;
  const existing = nodeByName(transaction.sql, node.Node);
  switch (verb) {
    case "get":
      return getNode(transaction.sql, operation);
    case "cas":
    case "set": {
      if (verb === "cas" && (existing?.ModifyIndex ?? 0) !== index) {
        return fail(`failed to set node "${node.Node}", index is stale`);
      }
      const ensured = ensureNode(transaction, node);
      if (!ensured.ok) return ensured;
      const written = nodeByName(transaction.sql, node.Node);
      return ok(written === null ? [] : [{ Node: written }]);
    }
    case "delete-cas":
    case "delete":
      if (verb === "delete-cas" && existing?.ModifyIndex !== index) {
        return fail(`failed to delete node "${node.Node}", index is stale`);
      }
      removeNode(transaction, node.Node);
      return ok([]);
    default:
      return fail(`unknown Node verb "${verb}"`);
  }
}

function getNode(sql: Sql, { node }: TxnNodeOperation): Performed {
  const problem = node.ID === "" ? null : malformedUuid(node.ID);
  if (problem !== null) return fail(`node lookup by ID failed, wrong UUID: ${problem} for '${node.ID}'`);
  const found = node.ID === "" ? nodeByName(sql, node.Node) : nodeById(sql, node.ID);
  return found === null ? fail(`node "${node.Node}" doesn't exist`) : ok([{ Node: found }]);
}

export function performService(transaction: StateTransaction, operation: TxnServiceOperation): Performed {
  const { verb, node, index } = operation;
  // A service without an id is called by its name, except where it is only looked for.
  const id = verb === "get" ? operation.service.ID : operation.service.ID || operation.service.Service;
  const nodeKey = lookupKey(node);
  const existing = serviceOfNode(transaction.sql, nodeKey, id);
  const named = `service "${id}" on node "${node}"`;
  switch (verb) {
    case "get":
      return existing === null
        ? fail(`${named} doesn't exist`)
        : ok(serviceResult(transaction.sql, nodeKey, id));
    case "cas":
    case "set":
      if (verb === "cas" && (existing?.ModifyIndex ?? 0) !== index) {
        return fail(`failed to set ${named}, index is stale`);
      }
      if (nodeByName(transaction.sql, node) === null) return fail("Missing node registration");
      if (id === "") return fail("failed inserting service: object missing primary index");
      writeService(transaction, nodeKey, { ...operation.service, ID: id });
      return ok(serviceResult(transaction.sql, nodeKey, id));
    case "delete-cas":
    case "delete":
      if (verb === "delete-cas" && existing?.ModifyIndex !== index) {
        return fail(`failed to delete ${named}, index is stale`);
      }
      removeService(transaction, nodeKey, id);
      return ok([]);
    default:
      return fail(`unknown Service verb "${verb}"`);
  }
}

function serviceResult(sql: Sql, nodeKey: string, id: string): readonly TxnResult[] {
  const service = serviceOfNode(sql, nodeKey, id);
  if (service === null) return [];
  return [{ Service: { ...service, Tags: nullIfEmpty(service.Tags) } }];
}

export function performCheck(transaction: StateTransaction, operation: TxnCheckOperation): Performed {
  const { verb, check, index } = operation;
  const id = verb === "get" ? check.CheckID : check.CheckID || check.Name;
  const nodeKey = lookupKey(check.Node);
  const existing = checkOfNode(transaction.sql, nodeKey, id);
  const named = `check "${id}" on node "${check.Node}"`;
  switch (verb) {
    case "get":
      return existing === null
        ? fail(`${named} doesn't exist`)
        : ok(checkResult(transaction.sql, nodeKey, id));
    case "cas":
    case "set":
      if (verb === "cas" && (existing?.ModifyIndex ?? 0) !== index) {
        return fail(`failed to set ${named}, index is stale`);
      }
      return setCheck(
        transaction,
        nodeKey,
        { ...operation, check: { ...check, CheckID: id } },
        verb === "cas",
      );
    case "delete-cas":
    case "delete":
      if (verb === "delete-cas" && existing?.ModifyIndex !== index) {
        return fail(`failed to delete ${named}, index is stale`);
      }
      removeCheck(transaction, nodeKey, id);
      return ok([]);
    default:
      return fail(`unknown Check verb "${verb}"`);
  }
}

/** A check-and-set that cannot be done succeeds without doing anything (Consul 1.8.7). */
function setCheck(
  transaction: StateTransaction,
  nodeKey: string,
  { check }: TxnCheckOperation,
  isCas: boolean,
): Performed {
  const refused = (why: string): Performed => (isCas ? ok([]) : fail(why));
  if (nodeByName(transaction.sql, check.Node) === null) return refused("Missing node registration");
  if (check.CheckID === "") return refused("failed inserting check: object missing primary index");
  if (check.ServiceID !== "" && serviceOfNode(transaction.sql, nodeKey, check.ServiceID) === null) {
    return refused("Missing service registration");
  }
  writeCheck(transaction, nodeKey, check);
  return ok(checkResult(transaction.sql, nodeKey, check.CheckID));
}

function checkResult(sql: Sql, nodeKey: string, id: string): readonly TxnResult[] {
  const check = checkOfNode(sql, nodeKey, id);
  if (check === null) return [];
  return [{ Check: { ...check, ServiceTags: nullIfEmpty(check.ServiceTags) } }];
}

/** Elsewhere Consul shows a missing list as an empty one. */
function nullIfEmpty(list: string[]): string[] | null {
  return list.length === 0 ? null : list;
}
