// The one list of endpoints; a method of shared/rpc/methods.ts without one does not compile.

import { catalogEndpoints } from "./catalog.ts";
import { configEntryEndpoints } from "./config-entry.ts";
import { coordinateEndpoints } from "./coordinate.ts";
import type { Endpoints } from "./endpoint.ts";
import { healthEndpoints } from "./health.ts";
import { kvEndpoints } from "./kv.ts";
import { memberEndpoints } from "./member.ts";
import { operatorEndpoints } from "./operator.ts";
import { readIndexEndpoints } from "./read-index.ts";
import { recoveryEndpoints } from "./operator-recovery.ts";
import { sessionEndpoints } from "./session.ts";
import { preparedQueryEndpoints } from "./prepared-query.ts";
import { txnEndpoints } from "./txn.ts";
import { snapshotEndpoints } from "./snapshot.ts";
import { statusEndpoints } from "./status.ts";
import { userEventEndpoints } from "./user-event.ts";

export const endpoints: Endpoints = {
  ...statusEndpoints,
  ...readIndexEndpoints,
  ...catalogEndpoints,
  ...healthEndpoints,
  ...configEntryEndpoints,
  ...coordinateEndpoints,
  ...kvEndpoints,
  ...memberEndpoints,
  ...operatorEndpoints,
  ...recoveryEndpoints,
  ...sessionEndpoints,
  ...txnEndpoints,
  ...preparedQueryEndpoints,
  ...snapshotEndpoints,
  ...userEventEndpoints,
};
