// A DoorRequest made from a line such as "GET /v1/kv/a?raw", for tests of routers and routes.

import type { DoorRequest } from "../../shared/api/door.ts";
import { fail, ok } from "../../shared/base/result.ts";
import { serverError } from "../../shared/errors.ts";

/** `body` is text or bytes; `headers` by lower-case name. */
export function doorRequest(
  line: string,
  body: string | Uint8Array = "",
  headers: Readonly<Record<string, string>> = {},
): DoorRequest {
  const [method = "", target = ""] = line.split(" ");
  const question = target.indexOf("?");
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return {
    method,
    path: question < 0 ? target : target.slice(0, question),
    rawQuery: question < 0 ? "" : target.slice(question + 1),
    header: (name) => headers[name],
    async body(bytesMax, setting) {
      if (bytes.length <= bytesMax) return ok(bytes);
      return fail(serverError("bodyTooLarge", String(bytes.length), String(bytesMax), setting));
    },
    cancellation: { aborted: false, onAbort: () => {} },
  };
}
