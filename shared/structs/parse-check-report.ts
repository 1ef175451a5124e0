// The body of /v1/agent/check/update/:id, with Consul's texts for what is wrong.

import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import { StructReader } from "./struct-reader.ts";

export type CheckReport = { readonly status: "passing" | "warning" | "critical"; readonly output: string };

/** Keys in any case, as Go reads them. */
export function checkReport(body: unknown): Result<CheckReport, ServerError> {
  const reader = new StructReader(body, {
    source: "api",
    type: "agent.checkUpdate",
    struct: "checkUpdate",
    path: "",
  });
  const report = { status: reader.string("Status"), output: reader.string("Output") };
  const read = reader.finish(report);
  if (!read.ok) return fail(serverError("decodeFailed", read.error));
  const { status, output } = read.value;
  if (status !== "passing" && status !== "warning" && status !== "critical") {
    return fail(serverError("badRequest", `Invalid check status: '${status}'`));
  }
  return ok({ status, output });
}
