// Endpoints of an agent that mean nothing at the Worker: each says why, and where to ask instead.

import { serverError } from "../../../errors.ts";
import type { HttpMethod, Route } from "../../http.ts";
import { errorReply } from "../../reply.ts";

const reasons: readonly (readonly [HttpMethod, string, string])[] = [
  ["GET", "/v1/agent/host", "the edge is no machine"],
  ["GET", "/v1/agent/metrics", "the edge keeps no metrics: the platform does, per Worker and per object"],
  ["GET", "/v1/agent/monitor", "the edge's log is the platform's (wrangler tail)"],
  ["GET", "/v1/agent/reachability", "there is no gossip at the edge"],
  ["PUT", "/v1/agent/reload", "the edge is configured by its deployment"],
  ["PUT", "/v1/agent/leave", "the edge does not leave: remove the Worker, or a server of its configuration"],
  ["PUT", "/v1/agent/join/:address", "there is no gossip at the edge: agents come by their links"],
  ["PUT", "/v1/agent/maintenance", "the edge is no node: put its services into maintenance one by one"],
  ["PUT", "/v1/agent/token/:kind", "the edge has one secret, which its deployment sets"],
  ["GET", "/v1/operator/keyring", noKeys()],
  ["POST", "/v1/operator/keyring", noKeys()],
  ["PUT", "/v1/operator/keyring", noKeys()],
  ["DELETE", "/v1/operator/keyring", noKeys()],
];

function noKeys(): string {
  return "there is no gossip at the edge, so no keys: ask an agent of the pool";
}

export const edgeRefusals: readonly Route[] = reasons.map(([method, path, reason]) => ({
  method,
  path,
  summary: `Not at the edge: ${reason}`,
  handle: async () => errorReply(serverError("notAtTheEdge", reason)),
}));
