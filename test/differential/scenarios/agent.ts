// /v1/agent: registering services and checks with every field and wrong ones, reports, maintenance, odd requests.

import { type Area, scenario } from "../steps.ts";
import { steps } from "./lines.ts";

const services = `
PUT /v1/agent/service/register {"Name":"web"}
GET /v1/agent/services
GET /v1/agent/service/web
PUT /v1/agent/service/register {"Name":"full","ID":"f1","Tags":["a","b"],"Address":"1.2.3.4","Port":8080,"Meta":{"k":"v"},"TaggedAddresses":{"lan":{"address":"1.1.1.1","port":1},"wan":{"address":"2.2.2.2","port":2}},"EnableTagOverride":true,"Weights":{"Passing":5,"Warning":2},"Check":{"TTL":"30s"},"Checks":[{"TTL":"20s","Name":"second","Notes":"nn","Status":"passing"}]}
GET /v1/agent/service/f1
GET /v1/agent/checks
GET /v1/agent/health/service/id/f1?format=text
GET /v1/agent/health/service/name/full?format=text
GET /v1/agent/health/service/id/none
GET /v1/agent/health/service/id/none?format=text
GET /v1/agent/health/service/id/
GET /v1/agent/health/service/id
GET /v1/agent/health/service/name/
GET /v1/agent/health/service/name/none
GET /v1/agent/health/service/name/none?format=text
PUT /v1/agent/check/pass/service:f1:1
PUT /v1/agent/check/warn/service:f1:1?note=hello+there
GET /v1/agent/health/service/name/full?format=text
PUT /v1/agent/check/fail/service:f1:1?note=bad
GET /v1/agent/health/service/id/f1?format=text
PUT /v1/agent/check/pass/nope
PUT /v1/agent/check/pass/
PUT /v1/agent/check/pass
PUT /v1/agent/check/update/service:f1:1 {"Status":"passing","Output":"up"}
PUT /v1/agent/check/update/service:f1:1 {"Status":"bad"}
PUT /v1/agent/check/update/service:f1:1 {"Status":""}
PUT /v1/agent/check/update/service:f1:1 {}
PUT /v1/agent/check/update/service:f1:1 {"Foo":1}
PUT /v1/agent/check/update/service:f1:1 []
PUT /v1/agent/check/update/service:f1:1
PUT /v1/agent/check/update/none {"Status":"passing"}
GET /v1/agent/check/pass/service:f1:1
POST /v1/agent/check/pass/service:f1:1
GET /v1/agent/checks
GET /v1/agent/checks?filter=Status==passing
GET /v1/agent/checks?filter=Foo==passing
GET /v1/agent/services?filter=Service==web
GET /v1/agent/services?filter=Meta.k==v
GET /v1/agent/services?filter=Weights.Passing==5
GET /v1/agent/services?filter=Port==8080
GET /v1/agent/services?filter=Tags+contains+a
GET /v1/agent/services?filter=Tags==a
GET /v1/agent/services?filter=Nope==a
`;

const registrations = `
PUT /v1/agent/service/register {}
PUT /v1/agent/service/register
PUT /v1/agent/service/register null
PUT /v1/agent/service/register []
PUT /v1/agent/service/register {"Name":"x","Foo":1}
PUT /v1/agent/service/register {"Name":"x","Port":"80"}
PUT /v1/agent/service/register {"Name":"x","Tags":"80"}
PUT /v1/agent/service/register {"Name":"x","Tags":[1]}
PUT /v1/agent/service/register {"Name":"x","Meta":{"a":1}}
PUT /v1/agent/service/register {"Name":"x","Meta":[]}
PUT /v1/agent/service/register {"Name":"x","Meta":{"consul-x":"y"}}
PUT /v1/agent/service/register {"Name":"x","Meta":{"":"y"}}
PUT /v1/agent/service/register {"Name":"x","Meta":{"a b":"y"}}
PUT /v1/agent/service/register {"Name":"x","Address":"0.0.0.0"}
PUT /v1/agent/service/register {"Name":"x","Weights":{"Passing":0}}
PUT /v1/agent/service/register {"Name":"x","Weights":{"Passing":1,"Warning":-1}}
PUT /v1/agent/service/register {"Name":"x","Weights":{"Passing":70000,"Warning":1}}
PUT /v1/agent/service/register {"Name":"x","Weights":{"passing":2,"warning":1}}
GET /v1/agent/service/x
PUT /v1/agent/service/register {"Name":"x","Weights":{"Passing":2}}
GET /v1/agent/service/x
PUT /v1/agent/service/register {"Name":"x","Check":{}}
PUT /v1/agent/service/register {"Name":"x","Check":{"Name":"n"}}
PUT /v1/agent/service/register {"Name":"x","Check":{"TTL":"x"}}
PUT /v1/agent/service/register {"Name":"x","Check":{"TTL":"10s","Interval":"1s"}}
PUT /v1/agent/service/register {"Name":"x","Check":{"HTTP":"http://x"}}
PUT /v1/agent/service/register {"Name":"x","Check":{"HTTP":"http://x","Interval":"-1s"}}
PUT /v1/agent/service/register {"Name":"x","Check":{"TTL":"10s","Status":"bad"}}
PUT /v1/agent/service/register {"Name":"x","Check":{"TTL":"10s","OutputMaxSize":-1}}
PUT /v1/agent/service/register {"Name":"x","Check":{"TTL":10000000000}}
PUT /v1/agent/service/register {"Name":"x","Check":{"TTL":"10s","Foo":1}}
PUT /v1/agent/service/register {"Name":"x","Checks":[{"TTL":"10s"},{"TTL":"10s"}]}
PUT /v1/agent/service/register {"Name":"x","Checks":{"TTL":"10s"}}
GET /v1/agent/checks
PUT /v1/agent/service/register {"Name":"x","Checks":[{"CheckID":"same","TTL":"10s"},{"CheckID":"same","TTL":"10s"}]}
PUT /v1/agent/service/register?replace-existing-checks {"Name":"x","Checks":[{"CheckID":"only","TTL":"10s"}]}
GET /v1/agent/checks?filter=ServiceID==x
PUT /v1/agent/service/register?replace-existing-checks=true {"Name":"x"}
GET /v1/agent/checks?filter=ServiceID==x
PUT /v1/agent/service/register?replace-existing-checks=false {"Name":"x","Checks":[{"CheckID":"o2","TTL":"10s"}]}
PUT /v1/agent/service/register?replace-existing-checks=abc {"Name":"x"}
PUT /v1/agent/service/register {"name":"snake","enable_tag_override":true,"tagged_addresses":{"lan":{"address":"9.9.9.9","port":1}},"check":{"ttl":"10s","deregister_critical_service_after":"90m","check_id":"zz","success_before_passing":2}}
GET /v1/agent/service/snake
GET /v1/agent/checks?filter=ServiceID==snake
PUT /v1/agent/service/register {"name":"p","kind":"connect-proxy","port":5,"proxy":{"destination_service_name":"web","upstreams":[{"destination_name":"db","local_bind_port":9}],"config":{"a":1,"b":{"c":[1,"x"]}},"local_service_port":7,"mesh_gateway":{"mode":"local"},"expose":{"checks":true,"paths":[{"path":"/x","local_path_port":1,"listener_port":2}]}}}
GET /v1/agent/service/p
PUT /v1/agent/service/register {"Name":"p2","Kind":"connect-proxy","Port":5}
PUT /v1/agent/service/register {"Name":"p2","Kind":"connect-proxy","Proxy":{"DestinationServiceName":"a"}}
PUT /v1/agent/service/register {"Name":"p2","Kind":"bogus","Port":1}
PUT /v1/agent/service/register {"Name":"ig","Kind":"ingress-gateway"}
PUT /v1/agent/service/register {"Name":"mg","Kind":"mesh-gateway"}
PUT /v1/agent/service/register {"Name":"mg","Kind":"mesh-gateway","Port":3}
PUT /v1/agent/service/register {"Name":"tg","Kind":"terminating-gateway","Port":3,"Proxy":{"DestinationServiceName":"x"}}
PUT /v1/agent/service/register {"Name":"nat","Connect":{"Native":true}}
GET /v1/agent/service/nat
GET /v1/agent/services
GET /v1/catalog/node/n1
`;

const checks = `
GET /v1/agent/service/none
GET /v1/agent/service/
GET /v1/agent/service
PUT /v1/agent/service/deregister/none
PUT /v1/agent/service/deregister/
PUT /v1/agent/service/deregister
GET /v1/agent/service/deregister/x
PUT /v1/agent/service/deregister/x
PUT /v1/agent/check/register {"Name":"c","TTL":"10s"}
PUT /v1/agent/check/register {"Name":"c","TTL":"10s","ServiceID":"zz"}
PUT /v1/agent/check/register {"TTL":"10s"}
PUT /v1/agent/check/register {"ID":"idd","TTL":"10s"}
PUT /v1/agent/check/register {"CheckID":"cid","Name":"n","TTL":"10s"}
PUT /v1/agent/check/register {"ID":"idd","CheckID":"cid2","Name":"n","TTL":"10s"}
PUT /v1/agent/check/register {"Name":"c"}
PUT /v1/agent/check/register {"Name":"c","HTTP":"http://127.0.0.1:1/","Interval":"1h"}
PUT /v1/agent/check/register {"Name":"t","TCP":"127.0.0.1:1","Interval":"1h","Timeout":"1s","Notes":"x","DeregisterCriticalServiceAfter":"10m"}
PUT /v1/agent/check/register {"Name":"s","Args":["true"],"Interval":"1h"}
PUT /v1/agent/check/register {"Name":"s2","ScriptArgs":["true"],"Interval":"1h"}
PUT /v1/agent/check/register {"Name":"s3","Script":"true","Interval":"1h"}
PUT /v1/agent/check/register {"Name":"d","DockerContainerID":"x","Args":["true"],"Interval":"1h"}
PUT /v1/agent/check/register {"Name":"g","GRPC":"127.0.0.1:1","Interval":"1h","GRPCUseTLS":true}
PUT /v1/agent/check/register {"Name":"c","TTL":"10s","Status":"bad"}
PUT /v1/agent/check/register {"Name":"c","TTL":"10s","Status":"passing","Notes":"n","ServiceID":"web"}
PUT /v1/agent/check/register {"Name":"multi","TTL":"10s","HTTP":"http://x","Interval":"10s"}
PUT /v1/agent/check/register {"Name":"multi","TCP":"x:1","HTTP":"http://x","Interval":"10s"}
PUT /v1/agent/check/register {"Name":"c","TTL":"10s","SuccessBeforePassing":3,"FailuresBeforeCritical":4}
PUT /v1/agent/check/register {"Name":"c","TTL":"10s","failures_before_critical":4}
PUT /v1/agent/check/register {"Name":"c","TTL":"10s","Foo":4}
PUT /v1/agent/check/register {"Name":"c","TTL":true}
PUT /v1/agent/check/register {"Name":"c","HTTP":"http://x","Interval":"10s","Header":{"a":"b"}}
PUT /v1/agent/check/register {"Name":"c","HTTP":"http://x","Interval":"10s","Header":{"a":["b"]},"Method":"POST","Body":"x","TLSSkipVerify":true,"Timeout":"x"}
PUT /v1/agent/check/register {"Name":"c","HTTP":"http://x","Interval":"10s","OutputMaxSize":0}
PUT /v1/agent/check/register {"Name":"c","HTTP":"http://x","Interval":"10s","OutputMaxSize":-5}
PUT /v1/agent/check/register
PUT /v1/agent/check/register {}
PUT /v1/agent/check/register null
PUT /v1/agent/check/register []
PUT /v1/agent/check/deregister/c
PUT /v1/agent/check/deregister/c
PUT /v1/agent/check/deregister/
PUT /v1/agent/check/deregister
PUT /v1/agent/maintenance
PUT /v1/agent/maintenance?enable
PUT /v1/agent/maintenance?enable=x
PUT /v1/agent/maintenance?enable=true&reason=why+not
GET /v1/agent/checks?filter=CheckID==_node_maintenance
GET /v1/agent/health/service/name/web?format=text
PUT /v1/agent/maintenance?enable=true
GET /v1/agent/checks?filter=CheckID==_node_maintenance
PUT /v1/agent/maintenance?enable=false
PUT /v1/agent/service/maintenance/
PUT /v1/agent/service/maintenance/web
PUT /v1/agent/service/maintenance/web?enable=x
PUT /v1/agent/service/maintenance/zz?enable=true
PUT /v1/agent/service/maintenance/web?enable=true
GET /v1/agent/checks?filter=ServiceID==web
PUT /v1/agent/service/maintenance/web?enable=true&reason=r2
GET /v1/agent/checks?filter=ServiceID==web
PUT /v1/agent/service/maintenance/web?enable=false
GET /v1/agent/members
GET /v1/agent/members?wan
GET /v1/agent/members?segment=x
GET /v1/agent/members?segment=_all
PUT /v1/agent/join/127.0.0.1:1
PUT /v1/agent/join/
PUT /v1/agent/force-leave/zz
PUT /v1/agent/force-leave/zz?prune
PUT /v1/agent/force-leave/
PUT /v1/agent/token/default {"Token":"x"}
PUT /v1/agent/token/bogus {"Token":"x"}
PUT /v1/agent/token/acl_token {"Token":"x"}
PUT /v1/agent/token/
PUT /v1/agent/token/agent {"Foo":"x"}
GET /v1/agent/token/agent
GET /v1/agent/metrics?format=prometheus
GET /v1/agent/monitor?loglevel=x
PUT /v1/agent/reload
GET /v1/agent/reload
GET /v1/agent/nope
`;

export const agent: Area = {
  name: "agent",
  config: { enable_script_checks: true },
  scenarios: [
    scenario("a service and its checks", ...steps(services)),
    scenario("registrations", ...steps(registrations)),
    scenario("checks and maintenance", ...steps(checks)),
  ],
};
