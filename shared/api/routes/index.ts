// All routes that any server door can answer; /v1/agent is the agent's own.

import type { Route } from "../http.ts";
import { aclRoutes } from "./acl.ts";
import { catalogRoutes } from "./catalog.ts";
import { configRoutes } from "./config.ts";
import { coordinateRoutes } from "./coordinate.ts";
import { discoveryChainRoutes } from "./discovery-chain.ts";
import { healthRoutes } from "./health.ts";
import { internalUiRoutes } from "./internal-ui.ts";
import { kvRoutes } from "./kv.ts";
import { meshCatalogRoutes } from "./mesh-catalog.ts";
import { operatorRoutes } from "./operator.ts";
import { sessionRoutes } from "./session.ts";
import { queryRoutes } from "./query.ts";
import { txnRoutes } from "./txn.ts";
import { snapshotRoutes } from "./snapshot.ts";
import { statusRoutes } from "./status.ts";

export const routes: readonly Route[] = [
  ...aclRoutes,
  ...catalogRoutes,
  ...configRoutes,
  ...coordinateRoutes,
  ...discoveryChainRoutes,
  ...healthRoutes,
  ...internalUiRoutes,
  ...kvRoutes,
  ...meshCatalogRoutes,
  ...operatorRoutes,
  ...sessionRoutes,
  ...queryRoutes,
  ...snapshotRoutes,
  ...statusRoutes,
  ...txnRoutes,
];
