// gRPC checks: the standard health service of whoever is asked (surface E).

import type { CheckDefinition, OtherCheck } from "../../shared/structs/service-definition.ts";
import type { GrpcProbe } from "../ports.ts";
import { probeTimeoutMillisDefault } from "./http.ts";
import type { CheckResult } from "./status.ts";

/** One question; "host:port/service" asks for a service, "host:port" for the server as a whole. */
export async function runGrpcCheck(
  definition: CheckDefinition,
  { target, useTls }: OtherCheck & { readonly kind: "grpc" },
  probe: GrpcProbe,
): Promise<CheckResult> {
  const slash = target.indexOf("/");
  const address = slash < 0 ? target : target.slice(0, slash);
  const error = await probe.check({
    address,
    service: slash < 0 ? "" : target.slice(slash + 1),
    useTls,
    tlsSkipVerify: definition.tlsSkipVerify,
    timeoutMillis: definition.timeoutMillis > 0 ? definition.timeoutMillis : probeTimeoutMillisDefault,
  });
  if (error !== "") return { status: "critical", output: error };
  return { status: "passing", output: `gRPC check ${address}: success` };
}
