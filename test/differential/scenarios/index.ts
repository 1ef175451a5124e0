// The list of areas that are compared; one file each.

import type { Area } from "../steps.ts";
import { agent } from "./agent.ts";
import { catalog } from "./catalog.ts";
import { http } from "./http.ts";
import { meshCatalog } from "./mesh-catalog.ts";
import { cliHelp, cliOperator } from "./cli.ts";
import { cliExec, cliKeyring } from "./cli-more.ts";
import { cliKv } from "./cli-kv.ts";
import { config } from "./config.ts";
import { event } from "./event.ts";
import { kv } from "./kv.ts";
import { kvReads } from "./kv-reads.ts";
import { largeLimits, smallLimits, valueLimit } from "./limits.ts";
import { coordinate, keyring, operator, snapshot, status } from "./operator.ts";
import { query } from "./query.ts";
import { session } from "./session.ts";
import { types } from "./types.ts";
import { expiry, waiting } from "./waiting.ts";
import { txnKv } from "./txn.ts";
import { txnCatalog } from "./txn-catalog.ts";

export const areas: readonly Area[] = [
  kv,
  kvReads,
  txnKv,
  txnCatalog,
  session,
  event,
  query,
  config,
  operator,
  keyring,
  coordinate,
  status,
  snapshot,
  largeLimits,
  smallLimits,
  valueLimit,
  types,
  waiting,
  expiry,
  cliKv,
  cliKeyring,
  cliExec,
  cliOperator,
  cliHelp,
  agent,
  catalog,
  http,
  meshCatalog,
];
