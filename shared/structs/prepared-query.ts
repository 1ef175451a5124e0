// A prepared query, its template, and what executing it answers; Consul's fields in the order the API shows them.

import type { CheckServiceNode } from "./check.ts";

export type QueryTemplate = {
  /** "" for a query that is no template, or "name_prefix_match". */
  readonly Type: string;
  readonly Regexp: string;
  readonly RemoveEmptyTags: boolean;
};

export type ServiceQuery = {
  readonly Service: string;
  readonly Failover: { readonly NearestN: number; readonly Datacenters: readonly string[] | null };
  readonly OnlyPassing: boolean;
  readonly IgnoreCheckIDs: readonly string[] | null;
  readonly Near: string;
  /** All must be there; "!tag" must not. */
  readonly Tags: readonly string[] | null;
  readonly NodeMeta: Readonly<Record<string, string>> | null;
  readonly ServiceMeta: Readonly<Record<string, string>> | null;
  readonly Connect: boolean;
};

export type PreparedQueryFields = {
  readonly ID: string;
  readonly Name: string;
  readonly Session: string;
  readonly Token: string;
  readonly Template: QueryTemplate;
  readonly Service: ServiceQuery;
  readonly DNS: { readonly TTL: string };
};

export type PreparedQuery = PreparedQueryFields & {
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
};

/** What a query found, before the API adds how consistent the answer is. */
export type QueryResult = {
  readonly Service: string;
  readonly Nodes: readonly CheckServiceNode[];
  readonly DNS: { readonly TTL: string };
  readonly Datacenter: string;
  /** Other datacenters that were asked. */
  readonly Failovers: number;
};

export const namePrefixMatch = "name_prefix_match";

export type QueryOperation = "create" | "update" | "delete";
