// /v1/acl while access control is off.

import { describe, expect, it } from "vitest";
import type { ApiContext } from "../../../../shared/api/http.ts";
import { createRouter } from "../../../../shared/api/router.ts";
import { aclRoutes } from "../../../../shared/api/routes/acl.ts";
import { doorRequest } from "../../../support/door-request.ts";

describe("access control that is off", () => {
  const router = createRouter<ApiContext>(aclRoutes);
  const ask = (line: string) => router.handle(doorRequest(line), {} as ApiContext);

  it("says so at every endpoint, with Consul's methods", async () => {
    expect(await ask("PUT /v1/acl/bootstrap")).toMatchObject({ status: 401, body: "ACL support disabled" });
    expect(await ask("GET /v1/acl/token/x/y")).toMatchObject({ status: 401 });
    expect(await ask("OPTIONS /v1/acl/token/self")).toMatchObject({ headers: { Allow: "OPTIONS,GET" } });
    expect(await ask("OPTIONS /v1/acl/policy/x")).toMatchObject({
      headers: { Allow: "OPTIONS,GET,PUT,DELETE" },
    });
    expect(await ask("DELETE /v1/acl/tokens")).toMatchObject({ status: 405 });
  });
});
