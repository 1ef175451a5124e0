// /v1/catalog: registrations with every field, partial and wrong ones, renames; and the reads.

import { type Area, scenario } from "../steps.ts";
import { steps } from "./lines.ts";

const registrations = `
GET /v1/catalog/datacenters
GET /v1/catalog/nodes
GET /v1/catalog/services
PUT /v1/catalog/register {"Node":"a1","Address":"10.0.0.1"}
PUT /v1/catalog/register {"Node":"a1","Address":"10.0.0.1","Service":{"Service":"web","Port":80,"Tags":["x","Y"],"Meta":{"m":"v"},"Weights":{"Passing":3,"Warning":2},"EnableTagOverride":true,"TaggedAddresses":{"lan":{"Address":"1.2.3.4","Port":5}}}}
GET /v1/catalog/service/web
GET /v1/catalog/node/a1
GET /v1/catalog/node-services/a1
GET /v1/health/service/web
GET /v1/health/node/a1
PUT /v1/catalog/register {"Node":"a1","Address":"10.0.0.1","Check":{"Name":"alive","Status":"passing","Output":"o","Notes":"n"}}
PUT /v1/catalog/register {"Node":"a1","Address":"10.0.0.1","Check":{"CheckID":"c2","Name":"svc","Status":"weird","ServiceID":"web","Definition":{"HTTP":"http://x","Interval":"10s","Timeout":"2s","DeregisterCriticalServiceAfter":"1m","Header":{"A":["b"]},"Method":"GET","TLSSkipVerify":true,"TCP":"x:1","Body":"b"}}}
GET /v1/health/checks/web
GET /v1/health/node/a1
GET /v1/health/state/any
GET /v1/health/state/weird
GET /v1/health/state/passing
GET /v1/health/state/
GET /v1/health/state
PUT /v1/catalog/register {"Node":"a2","Address":"10.0.0.2","Checks":[{"Name":"c1"},{"Name":"c2","Status":""}],"Check":{"Name":"c3"}}
GET /v1/health/node/a2
PUT /v1/catalog/register {"Node":"a3","Address":"10.0.0.3","Checks":[{"Node":"other","Name":"c1"}]}
GET /v1/health/node/a3
GET /v1/health/node/other
PUT /v1/catalog/register {"Node":"a3"}
PUT /v1/catalog/register {"Address":"1"}
PUT /v1/catalog/register {"Node":"a9","SkipNodeUpdate":true}
PUT /v1/catalog/register {"Node":"a3","SkipNodeUpdate":true,"Service":{"Service":"s3"}}
PUT /v1/catalog/register {"Node":"zz","SkipNodeUpdate":true,"Service":{"Service":"s3"}}
GET /v1/catalog/node/zz
PUT /v1/catalog/register {"Node":"a3","Address":"","Service":{"Service":"s3"}}
PUT /v1/catalog/register {"node":"a4","address":"10.0.0.4","service":{"id":"q","service":"qq","tags":["1"],"port":3}}
GET /v1/catalog/node/a4
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","Foo":1}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","Service":{"Foo":1}}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","Service":{"Service":"x","Port":"80"}}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","Service":{"Service":"x","Port":80.5}}
PUT /v1/catalog/register {"Node":1}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","Service":{"Service":"x","Tags":"t"}}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","Service":[]}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","Service":null,"Check":null,"Checks":null}
PUT /v1/catalog/register []
PUT /v1/catalog/register null
PUT /v1/catalog/register "x"
PUT /v1/catalog/register 
PUT /v1/catalog/register {
PUT /v1/catalog/register {"Node":"a4",}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4"} trailing
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","Service":{"Service":""}}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","Service":{"ID":"onlyid"}}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","ID":"zz"}
PUT /v1/catalog/register {"Node":"a4","Address":"10.0.0.4","ID":"11111111-2222-3333-4444-555555555555"}
GET /v1/catalog/node/11111111-2222-3333-4444-555555555555
GET /v1/catalog/node/11111111
GET /v1/catalog/node/11111111-
PUT /v1/catalog/register {"Node":"a4n","Address":"10.0.0.4","ID":"11111111-2222-3333-4444-555555555555"}
GET /v1/catalog/node/a4
GET /v1/catalog/node/a4n
GET /v1/catalog/nodes
PUT /v1/catalog/register {"Node":"n1","Address":"10.0.0.4","ID":"11111111-2222-3333-4444-555555555556"}
PUT /v1/catalog/register {"Node":"a2","Address":"10.0.0.4","ID":"11111111-2222-3333-4444-555555555555"}
PUT /v1/catalog/register {"Node":"a5","Address":"10.0.0.5","NodeMeta":{"a":"b"},"TaggedAddresses":{"lan":"1.1.1.1","wan":"2.2.2.2"}}
`;

const reads = `
GET /v1/catalog/nodes?node-meta=a:b
GET /v1/catalog/nodes?node-meta=a
GET /v1/catalog/nodes?node-meta=a:b:c
GET /v1/catalog/nodes?node-meta=a:b&node-meta=c:d
GET /v1/catalog/nodes?filter=Meta.a==b
GET /v1/catalog/nodes?filter=Foo==b
GET /v1/catalog/nodes?filter=Meta
GET /v1/catalog/nodes?filter=%22a
GET /v1/catalog/nodes?filter=Node==n1+and
GET /v1/catalog/nodes?filter=Meta.a+is+empty
GET /v1/catalog/nodes?filter=Meta+is+not+empty
GET /v1/catalog/nodes?filter=a+in+Meta
GET /v1/catalog/nodes?dc=dc2
GET /v1/catalog/nodes?dc=dc1
GET /v1/catalog/nodes?dc=DC1
GET /v1/catalog/services?node-meta=a:b
GET /v1/catalog/service/web?cached
GET /v1/catalog/service/web?tag=x
GET /v1/catalog/service/web?tag=X
GET /v1/catalog/service/web?tag=x&tag=y
GET /v1/catalog/service/web?tag=
GET /v1/catalog/service/
GET /v1/catalog/service
GET /v1/catalog/service/none
GET /v1/catalog/node/
GET /v1/catalog/node/none
GET /v1/catalog/node-services/none
GET /v1/catalog/node-services/
GET /v1/catalog/gateway-services/
GET /v1/catalog/gateway-services/x
GET /v1/catalog/connect/
GET /v1/catalog/connect/web
PUT /v1/catalog/deregister {"Node":"a1","CheckID":"c2"}
PUT /v1/catalog/deregister {"Node":"a1","ServiceID":"web"}
GET /v1/catalog/service/web
PUT /v1/catalog/deregister {"Node":"a1","ServiceID":"zz"}
PUT /v1/catalog/deregister {"Node":"zz"}
PUT /v1/catalog/deregister {}
PUT /v1/catalog/deregister {"Node":""}
PUT /v1/catalog/deregister {"Node":"a1","Datacenter":"dc2"}
PUT /v1/catalog/deregister {"Node":"a1","Foo":"dc2"}
PUT /v1/catalog/deregister []
PUT /v1/catalog/deregister
PUT /v1/catalog/deregister {"Node":"a1"}
GET /v1/catalog/node/a1
PUT /v1/catalog/register {"Node":"a6","Address":"a6.example.com","Service":{"Kind":"connect-proxy","Service":"web-proxy","Port":1,"Proxy":{"DestinationServiceName":"web"}}}
PUT /v1/catalog/register {"Node":"a6","Address":"a6.example.com","Service":{"Kind":"bogus","Service":"web-b","Port":1}}
PUT /v1/catalog/register {"Node":"a6","Address":"a6.example.com","Service":{"Service":"nat","Port":1,"Connect":{"Native":true}}}
GET /v1/catalog/connect/web
GET /v1/catalog/connect/nat
GET /v1/health/connect/web
GET /v1/health/connect/nat
GET /v1/catalog/services
GET /v1/catalog/service/web-proxy
PUT /v1/catalog/register {"Node":"bad name!","Address":"1.1.1.1"}
PUT /v1/catalog/register {"Node":"ünï/x","Address":"1.1.1.1","Service":{"Service":"sp ace/ü"}}
GET /v1/catalog/node/%C3%BCn%C3%AF%2Fx
GET /v1/catalog/service/sp%20ace%2F%C3%BC
PUT /v1/catalog/register {"Datacenter":"dc1","Node":"b1","Address":"1.1.1.1"}
PUT /v1/catalog/register {"Datacenter":"dc9","Node":"b1","Address":"1.1.1.1"}
PUT /v1/catalog/register?dc=dc9 {"Node":"b1","Address":"1.1.1.1"}
GET /v1/catalog/nodes?pretty
GET /v1/catalog/nodes?stale
GET /v1/catalog/nodes?consistent
GET /v1/catalog/nodes?stale&consistent
GET /v1/catalog/nodes?index=abc
GET /v1/catalog/nodes?wait=abc
GET /v1/catalog/nodes?max_stale=abc
GET /v1/catalog/nodes?max_stale=1s
GET /v1/catalog/nodes?cached&consistent
DELETE /v1/catalog/nodes
POST /v1/catalog/register {}
OPTIONS /v1/catalog/register
HEAD /v1/catalog/nodes
`;

export const catalog: Area = {
  name: "catalog",
  config: { enable_script_checks: true },
  scenarios: [
    scenario("registrations", ...steps(registrations)),
    scenario("reads and deregistrations", ...steps(reads)),
  ],
};
