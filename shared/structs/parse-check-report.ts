// The body of /v1/agent/check/update/:id, with Consul's texts for what is wrong.

import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";

export type CheckReport = { readonly status: "passing" | "warning" | "critical"; readonly output: string };

/** Keys in any case, as Go reads them. */
export function checkReport(body: unknown): Result<CheckReport, ServerError> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return fail(
      serverError("decodeFailed", "json: cannot unmarshal into Go value of type agent.checkUpdate"),
    );
  }
  const fields = new Map(Object.entries(body).map(([key, value]) => [key.toLowerCase(), value]));
  const status = fields.get("status") ?? "";
  const output = fields.get("output") ?? "";
  if (typeof status !== "string" || typeof output !== "string") {
    return fail(serverError("decodeFailed", "json: Status and Output are strings"));
  }
  if (status !== "passing" && status !== "warning" && status !== "critical") {
    return fail(serverError("badRequest", `Invalid check status: '${status}'`));
  }
  return ok({ status, output });
}
