// The HTTP interface itself: methods, paths, parameters, headers, caching, on routes of every kind.

import { type Area, scenario } from "../steps.ts";
import { steps } from "./lines.ts";

const requests = `
GET /ui
GET /v1
GET /v1/
GET /v1/nope
GET /favicon.ico
GET /v1/agent
GET /v1/agent/
GET /v1/catalog
GET /v1/catalog/
GET /v1/health
GET /v1/internal
GET /v1/internal/ui/nodes
GET /v1/internal/ui/node/
GET /v1/internal/ui/node
GET /v1/internal/ui/node/zz
GET /v1/internal/ui/services
GET /v1/internal/ui/gateway-services-nodes/
GET /v1/internal/ui/gateway-services-nodes/x
GET /v1/internal/ui/nodes?filter=Node==zz
GET /v1/internal/ui/nodes?filter=Foo==zz
GET /v1/internal/ui/services?filter=ServiceName==zz
GET /v1/internal/ui/services?filter=Name==zz
POST /v1/agent/self
PUT /v1/agent/self
DELETE /v1/agent/self
PATCH /v1/agent/self
OPTIONS /v1/agent/self
OPTIONS /v1/kv/x
OPTIONS /v1/session/create
OPTIONS /v1/query
OPTIONS /v1/nope
PUT /v1/catalog/nodes
PUT /v1/health/node/x
POST /v1/catalog/register
DELETE /v1/catalog/register
DELETE /v1/status/leader
TRACE /v1/status/leader
GET /v1/status/leader?pretty
GET /v1/status/leader?dc=dc2
GET /v1/status/peers
GET /v1/status/leader/
GET /v1//status/leader
GET /v1/./status/leader
GET /v1/status/../status/leader
GET /V1/status/leader
GET /v1/Status/leader
GET /v1/catalog/nodes?pretty=false
GET /v1/catalog/nodes?index=1&wait=1ms
GET /v1/catalog/nodes?index=-1
GET /v1/catalog/nodes?index=
GET /v1/catalog/nodes?wait=
GET /v1/catalog/nodes?wait=1
GET /v1/catalog/nodes?wait=-1s
GET /v1/catalog/nodes?index=99999999999999999999
GET /v1/catalog/nodes?index=1.5
GET /v1/catalog/nodes?stale=false
GET /v1/catalog/nodes?leader
GET /v1/catalog/nodes?leader&stale
GET /v1/catalog/nodes?max_stale=-1s
GET /v1/catalog/nodes?max_stale=0
GET /v1/catalog/nodes?max_stale
GET /v1/catalog/nodes?dc=dc2&stale
GET /v1/catalog/nodes?dc=
GET /v1/catalog/nodes?%zz
GET /v1/catalog/nodes?a;b
GET /v1/catalog/nodes?ns=default
GET /v1/catalog/nodes?ns=foo
GET /v1/catalog/nodes?token=abc
[X-Consul-Token: abc] GET /v1/catalog/nodes
[Authorization: Bearer abc] GET /v1/catalog/nodes
[X-Consul-Namespace: foo] GET /v1/catalog/nodes
[X-HTTP-Method-Override: PUT] POST /v1/status/leader
[X-HTTP-Method-Override: GET] POST /v1/status/leader
[Accept-Encoding: gzip] GET /v1/status/leader
[Accept-Encoding: gzip;q=0] GET /v1/catalog/nodes
[Accept-Encoding: deflate] GET /v1/catalog/nodes
[Accept-Encoding: identity] GET /v1/catalog/nodes
[Range: bytes=0-3] GET /v1/catalog/nodes
[If-None-Match: "x"] GET /v1/catalog/nodes
[Origin: http://x] GET /v1/status/leader
[Content-Type: text/xml] PUT /v1/catalog/register {"Node":"h1","Address":"1.1.1.1"}
[Cache-Control: max-age=10] GET /v1/catalog/services?cached
[Cache-Control: bogus] GET /v1/catalog/services?cached
[Cache-Control: max-age=x] GET /v1/catalog/services?cached
[Cache-Control: must-revalidate] GET /v1/catalog/services?cached
[Cache-Control: no-cache] GET /v1/catalog/services?cached
[Cache-Control: stale-if-error=10] GET /v1/catalog/services?cached
GET /v1/catalog/datacenters?cached
GET /v1/catalog/datacenters?dc=zz
GET /v1/catalog/service/consul?cached
GET /v1/health/service/consul?cached
GET /v1/health/service/consul?passing
GET /v1/health/service/consul?passing=0
GET /v1/health/service/consul?passing=x
GET /v1/health/service/consul?passing=true
GET /v1/health/service/consul?tag=zz
GET /v1/health/service/consul?filter=Foo
GET /v1/health/service/consul?filter=Checks.Status==passing
GET /v1/health/service/consul?filter=Checks+is+empty
GET /v1/health/service/consul?filter=Node.Meta+is+empty
GET /v1/health/service/consul?filter=Service.Tags+contains+x
GET /v1/health/service/
GET /v1/health/service/none
GET /v1/health/service/none?index=1&wait=10ms
GET /v1/health/connect/
GET /v1/health/connect/none
GET /v1/health/ingress/
GET /v1/health/ingress/none
GET /v1/health/ingress
GET /v1/health/node/
GET /v1/health/node/zz
GET /v1/health/checks/
GET /v1/health/checks/zz
GET /v1/health/checks/zz?filter=Bar
GET /v1/health/state/passing?filter=Bar
GET /v1/health/state/any?near=zz
GET /v1/health/state/any?node-meta=a:b
GET /v1/health/state/unknown
GET /v1/coordinate/datacenters
GET /v1/coordinate/node/zz
GET /v1/coordinate/node/
GET /v1/operator/raft/configuration
GET /v1/event/list
GET /v1/session/list
GET /v1/query
GET /v1/config/service-defaults
GET /v1/config/service-defaults/
GET /v1/config
GET /v1/config/
GET /v1/discovery-chain/
GET /v1/discovery-chain/web
GET /v1/acl/tokens
GET /v1/acl/policy/
GET /v1/kv/
GET /v1/kv
GET /v1/kv/x
GET /v1/txn
GET /v1/snapshot?dc=zz
GET /v1/agent/monitor?loglevel=
`;

export const http: Area = {
  name: "http",
  config: { enable_script_checks: true },
  scenarios: [scenario("requests", ...steps(requests))],
};
