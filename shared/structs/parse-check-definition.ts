// A check definition: the body of /v1/agent/check/register, or `check` and `checks` of a configuration file.

import { fail, ok, type Result } from "../base/result.ts";
import {
  checkStatuses,
  type DefinitionSource,
  definitionPlace,
  isParseProblem,
  readCheck,
  validateCheck,
} from "./check-fields.ts";
import { decodeProblem, invalidProblem, type ParseProblem } from "./parse-problem.ts";
import type { CheckDefinition } from "./service-definition.ts";
import { StructReader } from "./struct-reader.ts";

const definitionGoType =
  "struct { Interval interface {}; Timeout interface {}; TTL interface {}; DeregisterCriticalServiceAfter interface {}; " +
  'Args []string "json:\\"args\\""; ScriptArgsSnake []string "json:\\"script_args\\""; ' +
  'DeregisterCriticalServiceAfterSnake interface {} "json:\\"deregister_critical_service_after\\""; ' +
  'DockerContainerIDSnake string "json:\\"docker_container_id\\""; TLSSkipVerifySnake bool "json:\\"tls_skip_verify\\""; ' +
  'ServiceIDSnake string "json:\\"service_id\\""; *structs.Alias }';

/** Parses and validates, applying Consul's minimums. The ID stays "" when none was given (Consul: the name). */
export function parseCheckDefinition(
  value: unknown,
  options: DefinitionSource = { source: "api" },
): Result<CheckDefinition, ParseProblem> {
  const { source } = options;
  const reader = new StructReader(value, {
    source,
    type: definitionGoType,
    struct: "",
    ...definitionPlace(options),
  });
  const draft = readCheck(reader, "node", source);
  const problem = reader.problem();
  if (problem !== null) return fail(decodeProblem(problem));
  if (draft.definition.name === "") return fail(invalidProblem("Missing check name"));
  const { status } = draft.definition;
  if (status !== "" && !checkStatuses.includes(status)) return fail(invalidProblem("Bad check status"));
  const checked = validateCheck(draft, options);
  return isParseProblem(checked) ? fail(checked) : ok(checked);
}
