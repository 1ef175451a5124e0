// Operator.RaftRecover: gives up a lost majority on one survivor. First it only looks: what the survivor holds, who
// still answers, and what would be lost; then, with the epoch that it named, it does it. Refused while a majority
// answers, and on a survivor whose log is behind another's.

import type { Millis } from "../../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { noStateToRecover } from "../../../shared/raft/recover.ts";
import type { RaftServer, ServerId } from "../../../shared/raft/types.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import type { RecoveryReport, RecoveryServer } from "../../../shared/structs/raft-configuration.ts";
import type { Endpoints, LeaderContext } from "./endpoint.ts";
import { count, requestOf, text } from "./request-shape.ts";

/** How long the others may take to show that they are there. */
const answerMillis: Millis = 2_000;

async function recover(
  request: RpcRequest<"Operator.RaftRecover">,
  context: LeaderContext,
): Promise<Result<RecoveryReport, ServerError>> {
  // As raft itself would say it; a report that promises something would be wrong.
  if (!context.status.bootstrapped) return fail(serverError("rejected", noStateToRecover));
  context.raft.lookForLeader();
  const servers = withSelf(context);
  const looked = await Promise.all(servers.map((server) => lookAt(server, context)));
  const { status, config } = context;
  const plan: RecoveryReport = {
    server: config.id,
    epoch: status.epoch + 1,
    commitIndex: status.commitIndex,
    lastIndex: status.lastIndex,
    lastTerm: status.lastTerm,
    servers: looked,
    recovered: false,
  };
  const refused = refusalOf(plan);
  if (refused !== null) return fail(serverError("rejected", refused));
  if (request.epoch === 0) return ok(plan);
  const kept = servers.filter((server) => looked.some(({ id, answers }) => id === server.id && answers));
  const group = kept.map((server) => ({ ...server, voter: server.id === config.id }));
  const done = context.raft.recover(group, request.epoch);
  if (!done.ok) return done;
  const { epoch, commitIndex, lastIndex } = done.value;
  return ok({ ...plan, epoch, commitIndex, lastIndex, recovered: true });
}

/** The group, and this server, which may be all that is left of it though it was removed before. */
function withSelf({ raft, config }: LeaderContext): readonly RaftServer[] {
  const { servers } = raft.configuration();
  if (servers.some(({ id }) => id === config.id)) return servers;
  return [...servers, { id: config.id, address: config.addressOf[config.id] ?? "", voter: false }];
}

/** What speaks against it, as far as this server can see; raft itself looks again. Null: nothing. */
export function refusalOf(plan: RecoveryReport): string | null {
  const voters = plan.servers.filter(({ voter }) => voter);
  const alive = voters.filter(({ answers }) => answers).length;
  if (voters.length > 0 && alive > voters.length / 2) {
    return `${alive} of ${voters.length} voters answer: that is a majority, which elects a leader by itself`;
  }
  const ahead = plan.servers.find(
    ({ id, lastTerm, lastIndex }) =>
      id !== plan.server &&
      (lastTerm > plan.lastTerm || (lastTerm === plan.lastTerm && lastIndex > plan.lastIndex)),
  );
  if (ahead === undefined) return null;
  return `${ahead.name} (${ahead.address}) survived, too, and holds more (up to ${ahead.lastIndex} of term ${ahead.lastTerm}): recover there`;
}

async function lookAt(server: RaftServer, context: LeaderContext): Promise<RecoveryServer> {
  const { config, status } = context;
  const known = context.directory.servers().find(({ id }) => id === server.id);
  const view = {
    id: server.id,
    name: known?.name ?? server.id,
    address: server.address,
    voter: server.voter,
  };
  if (server.id === config.id) {
    return { ...view, answers: true, lastTerm: status.lastTerm, lastIndex: status.lastIndex };
  }
  const answer = await context.askStats(server.id as ServerId, answerMillis);
  return answer === null
    ? { ...view, answers: false, lastTerm: 0, lastIndex: 0 }
    : { ...view, answers: true, lastTerm: answer.lastTerm, lastIndex: answer.lastIndex };
}

export const recoveryEndpoints = {
  "Operator.RaftRecover": {
    kind: "leader",
    check: requestOf({ datacenter: text, token: text, epoch: count }),
    datacenter: (request) => request.datacenter,
    // There is no leader: it is for the very server that is asked.
    anyServer: () => true,
    run: recover,
  },
} satisfies Partial<Endpoints>;
