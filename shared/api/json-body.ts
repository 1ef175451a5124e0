// Reads a JSON body within the limit; the errors have Go's texts.

import { parseGoJson } from "../base/go-json.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type ServerError, serverError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { HttpRequest } from "./http.ts";

const decoder = new TextDecoder();

/** The body as a JSON value, or decodeFailed with the reason. An empty body is "EOF", or null where it is optional. */
export async function readJsonBody(
  request: HttpRequest,
  isOptional = false,
): Promise<Result<unknown, ServerError>> {
  const body = await request.body(limits.requestBodyBytesMax, "http_config");
  if (!body.ok) return body;
  if (isOptional && body.value.length === 0) return ok(null);
  const parsed = parseGoJson(decoder.decode(body.value));
  return parsed.ok ? parsed : fail(serverError("decodeFailed", parsed.error));
}
