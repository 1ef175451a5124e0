// TCP checks: whoever accepts a connection passes (surface E).

import type { CheckDefinition } from "../../shared/structs/service-definition.ts";
import type { TcpProbe } from "../ports.ts";
import { probeTimeoutMillisDefault } from "./http.ts";
import type { CheckResult } from "./status.ts";

/** One attempt to connect. */
export async function runTcpCheck(definition: CheckDefinition, probe: TcpProbe): Promise<CheckResult> {
  const timeout = definition.timeoutMillis > 0 ? definition.timeoutMillis : probeTimeoutMillisDefault;
  const error = await probe.connect(definition.tcp, timeout);
  if (error === "") return { status: "passing", output: `TCP connect ${definition.tcp}: Success` };
  return { status: "critical", output: error };
}
