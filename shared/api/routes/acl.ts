// /v1/acl while access control is off: every endpoint that Consul has says so (401), as Consul does.

import { serverError } from "../../errors.ts";
import type { HttpMethod, Route } from "../http.ts";
import { errorReply } from "../reply.ts";

const disabled = errorReply(serverError("aclDisabled"));

function off(path: string, ...methods: readonly HttpMethod[]): readonly Route[] {
  return methods.map((method) => ({
    method,
    path,
    summary: "Says that access control is off",
    handle: async () => disabled,
  }));
}

function named(kind: string): readonly Route[] {
  return [...off(`/v1/acl/${kind}`, "PUT"), ...off(`/v1/acl/${kind}/:id`, "GET", "PUT", "DELETE")];
}

/** The routes of this area. */
export const aclRoutes: readonly Route[] = [
  ...off("/v1/acl/bootstrap", "PUT"),
  ...off("/v1/acl/replication", "GET"),
  ...off("/v1/acl/login", "POST"),
  ...off("/v1/acl/logout", "POST"),
  ...off("/v1/acl/tokens", "GET"),
  ...named("token"),
  ...off("/v1/acl/token/self", "GET"),
  ...off("/v1/acl/policies", "GET"),
  ...named("policy"),
  ...off("/v1/acl/policy/name/:name", "GET"),
  ...off("/v1/acl/roles", "GET"),
  ...named("role"),
  ...off("/v1/acl/role/name/:name", "GET"),
  ...off("/v1/acl/auth-methods", "GET"),
  ...named("auth-method"),
  ...off("/v1/acl/binding-rules", "GET"),
  ...named("binding-rule"),
  ...off("/v1/acl/rules/translate", "POST"),
  ...off("/v1/acl/rules/translate/:accessor", "GET"),
  ...off("/v1/acl/create", "PUT"),
  ...off("/v1/acl/update", "PUT"),
  ...off("/v1/acl/destroy/:id", "PUT"),
  ...off("/v1/acl/clone/:id", "PUT"),
  ...off("/v1/acl/info/:id", "GET"),
  ...off("/v1/acl/list", "GET"),
  ...off("/v1/internal/acl/authorize", "POST"),
];
