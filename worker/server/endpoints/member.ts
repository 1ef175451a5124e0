// Members: what agents and servers report of them, and how the datacenter is.

import { fail, ok } from "../../../shared/base/result.ts";
import { serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { RpcRequest } from "../../../shared/rpc/methods.ts";
import type { Endpoints } from "./endpoint.ts";
import { type Field, flag, listOf, object, oneOf, optional, requestOf, text } from "./request-shape.ts";

const member = object({
  Name: text,
  ID: text,
  Address: text,
  Status: oneOf("alive", "failed", "left", "reaped"),
});
const members: Field = (value) =>
  Array.isArray(value) && value.length <= limits.memberReportRowsMax && listOf(member)(value);
const report = object({
  reporter: text,
  source: oneOf("gossip", "link"),
  full: flag,
  doubts: optional(flag),
  members,
});

export const memberEndpoints: Pick<Endpoints, "Member.Report" | "Operator.Health"> = {
  "Member.Report": {
    kind: "leader",
    check: requestOf<RpcRequest<"Member.Report">>({ token: text, datacenter: text, report }),
    datacenter: (request) => request.datacenter,
    run(request, { memberHealth }) {
      if (request.report.members.some(({ Name }) => Name === "")) {
        return fail(serverError("badRequest", "a member without a name"));
      }
      memberHealth.report(request.report);
      return ok(true);
    },
  },
  "Operator.Health": {
    kind: "leader",
    check: requestOf<RpcRequest<"Operator.Health">>({ token: text, datacenter: text }),
    datacenter: (request) => request.datacenter,
    run: (_request, { memberHealth }) => ok(memberHealth.status()),
  },
};
