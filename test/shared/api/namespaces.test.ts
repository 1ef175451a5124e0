// The free Consul's answer to a namespace that is not there.

import { describe, expect, it } from "vitest";
import { namespaceProblem } from "../../../shared/api/namespaces.ts";
import { errorMessage } from "../../../shared/errors.ts";

function said(place: string, parameter?: string, header?: string): string | null {
  const problem = namespaceProblem(place, parameter, header);
  return problem === null ? null : errorMessage(problem);
}

describe("namespaces", () => {
  it("refuse any other than the default one where Consul has them", () => {
    expect(said("/v1/kv/", "team")).toBe(
      'Bad request: Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature',
    );
    expect(said("/v1/session/list", undefined, "team")).toBe(
      'Bad request: Invalid header: "X-Consul-Namespace" - Namespaces are a Consul Enterprise feature',
    );
    for (const place of ["/v1/agent/services", "/v1/agent/service/register", "/v1/internal/ui/nodes"]) {
      expect(said(place, "team")).not.toBe(null);
    }
  });

  it("take the default one, an empty one, and any where there is none", () => {
    expect(said("/v1/kv/", "default", "default")).toBe(null);
    expect(said("/v1/kv/", "")).toBe(null);
    for (const place of ["/v1/catalog/nodes", "/v1/agent/self", "/v1/event/list", "/v1/query"]) {
      expect(said(place, "team")).toBe(null);
    }
  });
});
