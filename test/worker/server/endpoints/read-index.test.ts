import { expect, it } from "vitest";
import { fail, ok } from "../../../../shared/base/result.ts";
import { serverError } from "../../../../shared/errors.ts";
import type { LeaderContext } from "../../../../worker/server/endpoints/endpoint.ts";
import { groupOf, readIndexEndpoints } from "../../../../worker/server/endpoints/read-index.ts";

const { run } = readIndexEndpoints["Read.Index"];
const status = { cluster: "c", epoch: 2 };

it("answers the commit index with the group that it counts in, once the leadership is confirmed", async () => {
  const leases: boolean[] = [];
  const confirmFor = async (lease: boolean) => {
    leases.push(lease);
    return ok(7);
  };
  const context = { confirmFor, status } as unknown as LeaderContext;
  expect(await run({ token: "", lease: false }, context)).toEqual(ok({ index: 7, group: groupOf(status) }));
  expect(leases).toEqual([false]);
  const deposed = { ...context, confirmFor: async () => fail(serverError("noLeader")) };
  expect(await run({ token: "", lease: true }, deposed)).toEqual(fail(serverError("noLeader")));
});
