// All routes that any server door can answer; /v1/agent is the agent's own.

import type { Route } from "../http.ts";
import { aclRoutes } from "./acl.ts";
import { catalogRoutes } from "./catalog.ts";
import { coordinateRoutes } from "./coordinate.ts";
import { healthRoutes } from "./health.ts";
import { kvRoutes } from "./kv.ts";
import { operatorRoutes } from "./operator.ts";
import { sessionRoutes } from "./session.ts";
import { queryRoutes } from "./query.ts";
import { txnRoutes } from "./txn.ts";
import { statusRoutes } from "./status.ts";

export const routes: readonly Route[] = [
  ...aclRoutes,
  ...catalogRoutes,
  ...coordinateRoutes,
  ...healthRoutes,
  ...kvRoutes,
  ...operatorRoutes,
  ...sessionRoutes,
  ...queryRoutes,
  ...statusRoutes,
  ...txnRoutes,
];
