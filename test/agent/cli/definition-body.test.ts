// Definitions of files as the API takes them.

import { expect, it } from "vitest";
import { definitionBody } from "../../../agent/cli/definition-body.ts";
import { parseServiceDefinition } from "../../../shared/structs/parse-service-definition.ts";

it("takes underscores out of names, but not out of the user's own keys", () => {
  const definition = {
    name: "web",
    meta: { my_key: "a_b" },
    tagged_addresses: { lan_ipv4: { address: "1.1.1.1", port: 1 } },
    check: { id: "c", ttl: "3s", success_before_passing: 2, deregister_critical_service_after: "2m" },
    checks: [
      { check_id: "d", http: "http://x", interval: "1s", header: { x_y: ["z"] }, tls_skip_verify: true },
    ],
    weights: { passing: 2, warning: 1 },
    connect: { sidecar_service: { proxy: { upstreams: { destination_name: "db", local_bind_port: 1 } } } },
  };
  const body = definitionBody({ ...definition, connect: { sidecar_service: {} } });
  const parsed = parseServiceDefinition(body);
  expect(parsed).toMatchObject({
    ok: true,
    value: {
      meta: { my_key: "a_b" },
      taggedAddresses: { lan_ipv4: { Address: "1.1.1.1", Port: 1 } },
      checks: [
        { id: "c", successBeforePassing: 2 },
        { id: "d", header: { x_y: ["z"] }, tlsSkipVerify: true },
      ],
    },
  });
  expect(definitionBody(definition)).toMatchObject({
    connect: { sidecarservice: { proxy: { upstreams: [{ destinationname: "db", localbindport: 1 }] } } },
  });
});
