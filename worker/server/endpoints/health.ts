// Health: checks by node, service and state, and the joined rows of service instances.

import type { Endpoints } from "./endpoint.ts";
import { flag, queryOptions, requestOf, text, textMap, texts } from "./request-shape.ts";

export const healthEndpoints = {
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
    }),
  },
} satisfies Partial<Endpoints>;
