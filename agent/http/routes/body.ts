// Bodies of agent routes: bytes to JSON, and what is wrong with them to a reply.

import type { HttpReply, HttpRequest } from "../../../shared/api/http.ts";
import { errorReply } from "../../../shared/api/reply.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { type ServerError, serverError } from "../../../shared/errors.ts";
import { limits } from "../../../shared/limits.ts";
import type { ParseProblem } from "../../../shared/structs/parse-problem.ts";

/** The body as JSON; an empty one and a broken one are decode errors. */
export async function readJson(request: HttpRequest): Promise<Result<unknown, ServerError>> {
  const body = await request.body(limits.requestBodyBytesMax, "http_max_body_size");
  if (!body.ok) return body;
  const text = new TextDecoder().decode(body.value);
  if (text.trim() === "") return fail(serverError("decodeFailed", "EOF"));
  try {
    return ok(JSON.parse(text) as unknown);
  } catch (cause) {
    return fail(serverError("decodeFailed", cause instanceof Error ? cause.message : "invalid JSON"));
  }
}

/** Status and text of what is wrong with a definition. */
export function problemReply(problem: ParseProblem): HttpReply {
  return errorReply(problem.error);
}
