// Health: checks by node, service and state, and the joined rows of service instances.

import type { Endpoints } from "./endpoint.ts";
import {
  flag,
  oneOf,
  optional,
  queryOptions,
  requestOf,
  text,
  textMap,
  texts,
  type Field,
} from "./request-shape.ts";

const millis: Field = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;

export const healthEndpoints = {
  "Health.SetCheckTtl": {
    kind: "write",
    check: requestOf({
      token: text,
      node: text,
      checkId: text,
      ttlMillis: millis,
      deregisterCriticalAfterMillis: millis,
    }),
    datacenter: () => "",
    command: ({ node, checkId, ttlMillis, deregisterCriticalAfterMillis }) => ({
      kind: "checkTtl",
      operation: { verb: "set", node, checkId, ttlMillis, deregisterCriticalAfterMillis },
    }),
  },
  "Health.ReportCheck": {
    kind: "write",
    check: requestOf({
      token: text,
      node: text,
      checkId: text,
      status: oneOf("passing", "warning", "critical"),
      output: text,
    }),
    datacenter: () => "",
    command: ({ node, checkId, status, output }) => ({
      kind: "checkTtl",
      operation: { verb: "report", node, checkId, status, output },
    }),
  },
  "Health.NodeChecks": { kind: "read", check: requestOf({ options: queryOptions, node: text }) },
  "Health.ServiceChecks": {
    kind: "read",
    check: requestOf({ options: queryOptions, service: text, nodeMeta: textMap }),
  },
  "Health.ChecksInState": {
    kind: "read",
    check: requestOf({ options: queryOptions, state: text, nodeMeta: textMap }),
  },
  "Health.ServiceNodes": {
    kind: "read",
    check: requestOf({
      options: queryOptions,
      service: text,
      tags: texts,
      passingOnly: flag,
      nodeMeta: textMap,
      mesh: optional(flag),
      ingress: optional(flag),
    }),
  },
} satisfies Partial<Endpoints>;
