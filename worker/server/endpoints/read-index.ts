// Read: what a follower asks the leader so that it may answer fresh reads out of its own state.

import { fail, ok } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import type { RaftStatus } from "../raft-status.ts";
import type { Endpoints } from "./endpoint.ts";
import { flag, requestOf, text } from "./request-shape.ts";

/** Indexes of two groups, or of two epochs of one, say nothing about each other. */
export function groupOf({ cluster, epoch }: Pick<RaftStatus, "cluster" | "epoch">): string {
  return `${cluster} ${epoch}`;
}

export const readIndexEndpoints = {
  "Read.Index": {
    kind: "leader",
    check: requestOf<RpcRequest<"Read.Index">>({ token: text, lease: flag }),
    datacenter: () => "",
    async run({ lease }, { confirmFor, status }) {
      const confirmed = await confirmFor(lease);
      if (!confirmed.ok) return fail(serverError("noLeader"));
      return ok({ index: confirmed.value, group: groupOf(status) });
    },
  },
} satisfies Partial<Endpoints>;
