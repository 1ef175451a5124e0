// What is wrong with a definition, as a reply.

import type { HttpReply } from "../../../shared/api/http.ts";
import { errorReply } from "../../../shared/api/reply.ts";
import type { ParseProblem } from "../../../shared/structs/parse-problem.ts";

/** Status and text of what is wrong with a definition. */
export function problemReply(problem: ParseProblem): HttpReply {
  return errorReply(problem.error);
}
