// Prepared queries: written after every check, found by id, by name, or by the longest template name that the asked
// name begins with; explained and executed. The texts are Consul 1.8.7's.

import { assertNever } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import { eligibleInstances, nodeFirst, shuffled } from "../prepared-query/select.ts";
import { renderTemplate } from "../prepared-query/template.ts";
import { queryProblem } from "../prepared-query/validate.ts";
import type { CheckServiceNode } from "../structs/check.ts";
import type {
  PreparedQuery,
  PreparedQueryFields,
  QueryOperation,
  QueryResult,
} from "../structs/prepared-query.ts";
import { nearestRows } from "./coordinates.ts";
import { healthServiceNodes } from "./health.ts";
import { answerIndex, raise, type StateTransaction, storedIndex, touch } from "./indexes.ts";
import type { ReadResult } from "./reads.ts";
import { fromBody, lookupKey } from "./row-bodies.ts";
import { sessionById } from "./sessions.ts";
import type { Sql } from "./sql.ts";
import { watchKey } from "./watch-keys.ts";

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Creates, replaces or deletes a query; the id is the answer. */
export function preparedQueryApply(
  transaction: StateTransaction,
  operation: QueryOperation,
  query: PreparedQueryFields,
): Result<string, ServerError> {
  const existing = operation === "create" ? null : existingQuery(transaction.sql, query.ID);
  if (existing !== null && !existing.ok) return existing;
  switch (operation) {
    case "create":
    case "update":
      return writeQuery(transaction, query, existing?.value ?? null);
    case "delete":
      removeQuery(transaction, query.ID);
      return ok(query.ID);
    default:
      return assertNever(operation);
  }
}

/** The queries that live as long as a session go with it. */
export function removeQueriesOfSession(transaction: StateTransaction, session: string): void {
  const rows = transaction.sql.exec(
    "SELECT id FROM prepared_queries WHERE session = ? AND session <> ''",
    session,
  );
  for (const row of rows) removeQuery(transaction, String(row.id));
}

/** All queries by id. */
export function listQueries(sql: Sql): ReadResult<readonly PreparedQuery[]> {
  const value = sql
    .exec("SELECT * FROM prepared_queries ORDER BY id")
    .map((row) => fromBody<PreparedQuery>(row));
  const key = watchKey("queries");
  const highest = value.reduce((max, query) => Math.max(max, query.ModifyIndex), 0);
  return { index: answerIndex(highest, storedIndex(sql, key)), keys: [key], value };
}

/** One query by its id. */
export function getQuery(sql: Sql, id: string): ReadResult<Result<PreparedQuery, ServerError>> {
  const keys = [watchKey("query", id.toLowerCase())];
  const index = answerIndex(storedIndex(sql, watchKey("queries")));
  if (id.length !== 36) return { index, keys, value: fail(serverError("rejected", lookupFailed)) };
  const query = queryById(sql, id);
  const value = query === null ? notFound : ok(query);
  return { index: answerIndex(query?.ModifyIndex ?? index), keys, value };
}

/** The query as it would be executed for a name or an id. */
export function explainQuery(sql: Sql, idOrName: string): ReadResult<Result<PreparedQuery, ServerError>> {
  return { index: 1, keys: [watchKey("queries")], value: resolveQuery(sql, idOrName) };
}

export type Execution = {
  readonly idOrName: string;
  /** Of whoever executes: at most so many instances; 0 or less: all. */
  readonly limit: number;
  readonly connect: boolean;
  /** The node that asks: what "_agent" means. */
  readonly agentNode: string;
  /** The address that asks: what "_ip" means. */
  readonly sourceAddress: string;
  readonly near: string;
  readonly datacenter: string;
  readonly seed: number;
};

/** Executes a query in this datacenter. Others are not known yet. */
export function executeQuery(sql: Sql, asked: Execution): ReadResult<Result<QueryResult, ServerError>> {
  const keys = [watchKey("queries")];
  const found = resolveQuery(sql, asked.idOrName);
  if (!found.ok) return { index: 1, keys, value: found };
  const { Service: query, DNS } = found.value;
  const instances = instancesOf(sql, query.Service, query.Connect || asked.connect);
  const eligible = shuffled(eligibleInstances(instances, query), asked.seed);
  const source = sourceNode(sql, asked, query.Near);
  const sorted = source === "" ? eligible : sortFrom(sql, source, eligible);
  const Nodes = asked.limit > 0 ? sorted.slice(0, asked.limit) : sorted;
  const result: QueryResult = {
    Service: query.Service,
    Nodes,
    DNS,
    Datacenter: asked.datacenter,
    Failovers: 0,
  };
  return { index: 1, keys, value: ok(result) };
}

const notFound = fail(serverError("notFound", "Query not found"));

const lookupFailed = "failed prepared query lookup: index error: UUID must be 36 characters";

function instancesOf(sql: Sql, service: string, mesh: boolean): readonly CheckServiceNode[] {
  return healthServiceNodes(sql, service, [], false, {}, mesh ? "mesh" : "own").value;
}

/** ?near wins over the query's own Near. */
function sourceNode(sql: Sql, asked: Execution, ownNear: string): string {
  const near = asked.near === "" ? ownNear : asked.near;
  if (near === "_agent") return asked.agentNode;
  if (near !== "_ip") return near;
  if (asked.sourceAddress === "") return "";
  const row = sql.exec(
    "SELECT body ->> '$.Node' AS name FROM nodes WHERE body ->> '$.Address' = ? ORDER BY node_key LIMIT 1",
    asked.sourceAddress,
  )[0];
  return row === undefined ? "" : String(row.name);
}

function sortFrom(sql: Sql, source: string, rows: readonly CheckServiceNode[]): readonly CheckServiceNode[] {
  return nodeFirst(
    nearestRows(sql, source, rows, (row) => row.Node.Node),
    source,
  );
}

/** By id, then by name, then by the longest template name. Templates have no answer by id. */
function resolveQuery(sql: Sql, idOrName: string): Result<PreparedQuery, ServerError> {
  if (uuidForm.test(idOrName)) {
    const query = queryById(sql, idOrName);
    if (query !== null && query.Template.Type !== "") {
      const text = "prepared query templates can only be resolved up by name, not by ID";
      return fail(serverError("rejected", text));
    }
    if (query !== null) return ok(query);
  }
  const name = lookupKey(idOrName);
  const row = sql.exec(
    `SELECT * FROM prepared_queries
     WHERE (template = 0 AND name_key = ? AND name_key <> '')
        OR (template = 1 AND substr(?, 1, length(name_key)) = name_key)
     ORDER BY template, length(name_key) DESC LIMIT 1`,
    name,
    name,
  )[0];
  if (row === undefined) return notFound;
  const query = fromBody<PreparedQuery>(row);
  if (query.Template.Type === "") return ok(query);
  const rendered = renderTemplate(query, idOrName);
  return rendered.ok ? rendered : fail(serverError("rejected", rendered.error));
}

function existingQuery(sql: Sql, id: string): Result<PreparedQuery, ServerError> {
  if (id.length !== 36) {
    return fail(serverError("rejected", `Prepared Query lookup failed: ${lookupFailed}`));
  }
  const query = queryById(sql, id);
  if (query !== null) return ok(query);
  return fail(serverError("rejected", `Cannot modify non-existent prepared query: '${id}'`));
}

function queryById(sql: Sql, id: string): PreparedQuery | null {
  const row = sql.exec("SELECT * FROM prepared_queries WHERE id = ?", id.toLowerCase())[0];
  return row === undefined ? null : fromBody<PreparedQuery>(row);
}

function writeQuery(
  transaction: StateTransaction,
  query: PreparedQueryFields,
  existing: PreparedQuery | null,
): Result<string, ServerError> {
  const { sql, index } = transaction;
  const problem = queryProblem(query) ?? nameProblem(sql, query) ?? sessionProblem(sql, query.Session);
  if (problem !== null) return fail(serverError("rejected", problem));
  const id = query.ID.toLowerCase();
  sql.exec(
    `INSERT INTO prepared_queries (id, name_key, template, session, body, create_index, modify_index)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name_key = excluded.name_key, template = excluded.template,
       session = excluded.session, body = excluded.body, modify_index = excluded.modify_index`,
    id,
    lookupKey(query.Name),
    query.Template.Type === "" ? 0 : 1,
    query.Session.toLowerCase(),
    JSON.stringify(query),
    existing?.CreateIndex ?? index,
    index,
  );
  touch(transaction, watchKey("queries"));
  touch(transaction, watchKey("query", id));
  return ok(query.ID);
}

function removeQuery(transaction: StateTransaction, id: string): void {
  transaction.sql.exec("DELETE FROM prepared_queries WHERE id = ?", id.toLowerCase());
  raise(transaction, watchKey("queries"));
  touch(transaction, watchKey("query", id.toLowerCase()));
}

/** A name belongs to one query, template or not, and must not look like another query's id. */
function nameProblem(sql: Sql, query: PreparedQueryFields): string | null {
  const id = query.ID.toLowerCase();
  if (query.Name === "" && query.Template.Type === "") return null;
  const twin = sql.exec(
    "SELECT 1 AS found FROM prepared_queries WHERE name_key = ? AND id <> ? AND (name_key <> '' OR template = 1)",
    lookupKey(query.Name),
    id,
  );
  if (twin.length > 0) {
    return query.Name === ""
      ? "a query template with an empty name already exists"
      : `name '${query.Name}' aliases an existing query name`;
  }
  if (!uuidForm.test(query.Name) || queryById(sql, query.Name) === null) return null;
  return `name '${query.Name}' aliases an existing query ID`;
}

function sessionProblem(sql: Sql, session: string): string | null {
  if (session === "") return null;
  if (session.length !== 36) return "invalid session: index error: UUID must be 36 characters";
  return sessionById(sql, session.toLowerCase()) === null ? `invalid session "${session}"` : null;
}
