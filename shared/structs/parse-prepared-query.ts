// Body of POST /v1/query and PUT /v1/query/:id. Only decoding: what a query must say is shared/prepared-query's.

import { fail, ok, type Result } from "../base/result.ts";
import type { PreparedQueryFields, QueryTemplate, ServiceQuery } from "./prepared-query.ts";
import { StructReader } from "./struct-reader.ts";

/** Decodes a query; the error is Go's text. */
export function parsePreparedQuery(value: unknown): Result<PreparedQueryFields, string> {
  const struct = "PreparedQuery";
  const reader = new StructReader(value, { source: "api", type: `structs.${struct}`, struct, path: "" });
  const query: PreparedQueryFields = {
    ID: reader.string("ID"),
    Name: reader.string("Name"),
    Session: reader.string("Session"),
    Token: reader.string("Token"),
    Template:
      reader.object("Template", "QueryTemplateOptions", "structs.QueryTemplateOptions", readTemplate) ??
      noTemplate,
    Service: reader.object("Service", "ServiceQuery", "structs.ServiceQuery", readService) ?? noService,
    DNS: reader.object("DNS", "QueryDNSOptions", "structs.QueryDNSOptions", (dns) => ({
      TTL: dns.string("TTL"),
    })) ?? { TTL: "" },
  };
  for (const index of ["CreateIndex", "ModifyIndex"]) reader.integer(index, "uint64");
  const problem = reader.problem();
  return problem === null ? ok(query) : fail(problem);
}

const noTemplate: QueryTemplate = { Type: "", Regexp: "", RemoveEmptyTags: false };
const noFailover: ServiceQuery["Failover"] = { NearestN: 0, Datacenters: null };
const noService: ServiceQuery = {
  Service: "",
  Failover: noFailover,
  OnlyPassing: false,
  IgnoreCheckIDs: null,
  Near: "",
  Tags: null,
  NodeMeta: null,
  ServiceMeta: null,
  Connect: false,
};

function readTemplate(reader: StructReader): QueryTemplate {
  return {
    Type: reader.string("Type"),
    Regexp: reader.string("Regexp"),
    RemoveEmptyTags: reader.boolean("RemoveEmptyTags"),
  };
}

function readService(reader: StructReader): ServiceQuery {
  const service: ServiceQuery = {
    Service: reader.string("Service"),
    Failover:
      reader.object("Failover", "QueryDatacenterOptions", "structs.QueryDatacenterOptions", (failover) => ({
        NearestN: failover.integer("NearestN"),
        Datacenters: failover.strings("Datacenters"),
      })) ?? noFailover,
    OnlyPassing: reader.boolean("OnlyPassing"),
    IgnoreCheckIDs: reader.strings("IgnoreCheckIDs", ["[]types.CheckID", "types.CheckID"]),
    Near: reader.string("Near"),
    Tags: reader.strings("Tags"),
    NodeMeta: reader.stringMap("NodeMeta"),
    ServiceMeta: reader.stringMap("ServiceMeta"),
    Connect: reader.boolean("Connect"),
  };
  reader.any("EnterpriseMeta");
  return service;
}
