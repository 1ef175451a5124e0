// Proxies, gateways and sidecars: what is refused, and what the catalog and health say of them.

import { type Area, scenario } from "../steps.ts";
import { steps } from "./lines.ts";

const proxies = `
PUT /v1/agent/service/register {"Name":"x","Kind":"connect-proxy","Port":1,"Proxy":{"DestinationServiceName":"a","Upstreams":[{"DestinationName":"*","LocalBindPort":1}]}}
PUT /v1/agent/service/register {"Name":"x","Kind":"connect-proxy","Port":1,"Proxy":{"DestinationServiceName":"a","Upstreams":[{"DestinationName":"q","LocalBindPort":1,"DestinationType":"prepared_query","Datacenter":"dc2","DestinationNamespace":"ns"},{"DestinationName":"q","LocalBindPort":1,"DestinationType":"prepared_query","Datacenter":"dc2","DestinationNamespace":"ns"},{"DestinationName":"q","LocalBindPort":1,"LocalBindAddress":"1.1.1.1"},{"DestinationName":"q","LocalBindPort":1,"Datacenter":"dc3","LocalBindAddress":"1.1.1.1"}]}}
PUT /v1/agent/service/register {"Name":"x","Kind":"connect-proxy","Port":1,"Proxy":{"DestinationServiceName":"a","Expose":{"Paths":[{"Path":"/a","ListenerPort":7,"LocalPathPort":8,"Protocol":"http"},{"Path":"/a","ListenerPort":7},{"Path":"/b","ListenerPort":7},{"Path":"/a","ListenerPort":8},{"Path":"/c","ListenerPort":-1},{"Path":"/c","ListenerPort":0},{"Path":"/c","ListenerPort":65536},{"Path":"/d","ListenerPort":65535,"LocalPathPort":99999}]}}}
PUT /v1/agent/service/register {"Name":"x","Kind":"mesh-gateway","Port":1,"Proxy":{"Expose":{"Paths":[{}]},"Upstreams":[{}]}}
PUT /v1/agent/service/register {"Name":"x","Kind":"mesh-gateway","Port":1,"Proxy":{"Config":{"a":1},"Upstreams":[]}}
PUT /v1/agent/service/register {"Name":"plain","Port":1,"Proxy":{"Expose":{"Paths":[{}]},"Upstreams":[{}],"DestinationServiceName":"z"}}
GET /v1/agent/service/plain
PUT /v1/agent/service/register {"Name":"x","Kind":"connect-proxy","Port":1,"Proxy":{"DestinationServiceName":"a","Upstreams":[{"DestinationName":"","LocalBindPort":0}]}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Service":{"Service":"m","Kind":"mesh-gateway"}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Service":{"Service":"m","Kind":"terminating-gateway"}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Service":{"Service":"m","Kind":"ingress-gateway"}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Service":{"Service":"m","Kind":"connect-proxy","Port":1,"Proxy":{"DestinationServiceName":"a","Expose":{"Paths":[{}]}}}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Service":{"Service":"m","Kind":"connect-proxy","Port":1,"Proxy":{"destination_service_name":"a","config":{"a":{"b":1}},"upstreams":[{"destination_name":"q","local_bind_port":3,"foo":3}]}}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Service":{"Service":"m","Kind":"connect-proxy","Port":1,"Proxy":{"destination_service_name":"a","config":{"a":{"b":1}},"upstreams":[{"destination_name":"q","local_bind_port":3}],"mesh_gateway":{"mode":"local"},"local_service_port":3}}}
GET /v1/catalog/service/m
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Check":{"Name":"x","CheckID":"z","Definition":{"Interval":"bogus","Timeout":"10s","HTTP":"x"}}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Check":{"Name":"x","CheckID":"z2","Definition":{"Interval":"5s","Timeout":"10s","HTTP":"x","Header":{"a":["b"]},"TCP":"y","Method":"z","Body":"w","TLSSkipVerify":true,"DeregisterCriticalServiceAfter":"1m","IntervalDuration":"4s","foo":1}}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Check":{"Name":"x","CheckID":"z2","Definition":{"Interval":5,"HTTP":3}}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Service":{"Service":"z","Tags":null,"Meta":null}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Service":{"ID":"s4","Service":"","Kind":"connect-proxy"}}
PUT /v1/catalog/register {"Node":"a","Address":"1.1.1.1","Service":{"Service":"pp","Proxy":{"DestinationServiceName":"zz"}}}
GET /v1/catalog/node/a
GET /v1/health/node/a
PUT /v1/txn [{"Service":{"Verb":"set","Node":"a","Service":{"ID":"t1","Service":"t1","Connect":{"Foo":1}}}}]
PUT /v1/txn [{"Service":{"Verb":"set","Node":"a","Service":{"ID":"t1","Service":"t1","Kind":"mesh-gateway"}}}]
PUT /v1/txn [{"Service":{"Verb":"set","Node":"a","Service":{"ID":"t1","Service":"t1","Meta":{"consul-a":"b"}}}}]
PUT /v1/txn [{"Check":{"Verb":"set","Check":{"Node":"a","CheckID":"tc","Name":"tc","ServiceName":"kk","ServiceTags":["q"],"Definition":{"Foo":1}}}}]
GET /v1/health/node/a
`;

const gateways = `
GET /v1/health/ingress/web
PUT /v1/catalog/register {"Node":"a","Address":"10.0.0.1","Service":{"Service":"ig","Kind":"ingress-gateway","Port":8443,"Tags":["gw"]},"Checks":[{"Name":"nc","Status":"passing"},{"Name":"sc","ServiceID":"ig","Status":"warning"}]}
PUT /v1/catalog/register {"Node":"b","Address":"10.0.0.2","Service":{"Service":"ig","Kind":"ingress-gateway","Port":8443,"Address":"10.9.9.9"}}
GET /v1/health/ingress/web
PUT /v1/config {"Kind":"ingress-gateway","Name":"ig","Listeners":[{"Port":8080,"Protocol":"tcp","Services":[{"Name":"web"}]}]}
GET /v1/health/ingress/web
PUT /v1/catalog/register {"Node":"a","Address":"10.0.0.1","Service":{"Service":"web","Port":80}}
GET /v1/health/ingress/web
GET /v1/health/ingress/WEB
GET /v1/health/ingress/web?passing
GET /v1/health/ingress/web?tag=gw
GET /v1/health/ingress/web?tag=zz
GET /v1/health/ingress/web?filter=Service.Port==8443
GET /v1/health/ingress/web?filter=Node.Node==a
GET /v1/health/ingress/web?filter=Foo
GET /v1/health/ingress/web?cached
GET /v1/health/ingress/web?cached
GET /v1/health/ingress/web?node-meta=a:b
GET /v1/health/ingress/web?near=b
GET /v1/health/ingress/ig
GET /v1/health/connect/web
GET /v1/catalog/connect/web
PUT /v1/catalog/register {"Node":"c","Address":"10.0.0.3","Service":{"Service":"tg","Kind":"terminating-gateway","Port":9443,"Tags":["t"]}}
PUT /v1/config {"Kind":"terminating-gateway","Name":"tg","Services":[{"Name":"web"}]}
GET /v1/health/connect/web
GET /v1/catalog/connect/web
GET /v1/health/connect/web?tag=t
PUT /v1/catalog/register {"Node":"a","Address":"10.0.0.1","Service":{"Service":"web-proxy","Kind":"connect-proxy","Port":81,"Proxy":{"DestinationServiceName":"web"}}}
GET /v1/health/connect/web
GET /v1/catalog/connect/web
GET /v1/catalog/gateway-services/ig
GET /v1/catalog/gateway-services/tg
GET /v1/internal/ui/gateway-services-nodes/ig
GET /v1/internal/ui/gateway-services-nodes/tg
GET /v1/internal/ui/services
PUT /v1/config {"Kind":"terminating-gateway","Name":"tg","Services":[{"Name":"*"}]}
GET /v1/health/connect/web
GET /v1/health/connect/other
PUT /v1/config {"Kind":"ingress-gateway","Name":"ig","Listeners":[{"Port":8081,"Protocol":"tcp","Services":[{"Name":"other"}]}]}
GET /v1/health/ingress/web
GET /v1/health/ingress/other
DELETE /v1/config/ingress-gateway/ig
GET /v1/health/ingress/other
DELETE /v1/config/terminating-gateway/tg
GET /v1/health/connect/web
`;

const sidecars = `
PUT /v1/agent/service/register {"Name":"web","Port":80,"Tags":["a"],"Meta":{"k":"v"},"Address":"1.2.3.4","Connect":{"SidecarService":{}}}
PUT /v1/agent/service/register {"Name":"web2","ID":"w2","Port":81,"Token":"tt","Connect":{"SidecarService":{"Name":"mysc","Port":9999,"Tags":["x"],"Meta":{"z":"y"},"Checks":[{"TTL":"1h"}],"Proxy":{"Upstreams":[{"DestinationName":"db","LocalBindPort":1}]}}}}
PUT /v1/agent/service/register {"Name":"web3","Port":81,"Connect":{"SidecarService":{"ID":"foo"}}}
PUT /v1/agent/service/register {"Name":"web3","Port":81,"Connect":{"SidecarService":{"Connect":{"SidecarService":{}}}}}
PUT /v1/agent/service/register {"Name":"web3","Port":81,"Connect":{"SidecarService":{"Kind":"mesh-gateway"}}}
PUT /v1/agent/service/register {"Name":"web3","Port":81,"Connect":{"SidecarService":{"Foo":1}}}
PUT /v1/agent/service/register {"Name":"web3","Port":81,"Connect":{"Native":true,"SidecarService":{}}}
PUT /v1/agent/service/register {"Name":"web4","Connect":{"SidecarService":{"Check":{"Name":"x","TTL":"1h"},"Weights":{"Passing":2,"Warning":2},"EnableTagOverride":true,"Address":"5.5.5.5","TaggedAddresses":{"lan":{"Address":"1.1.1.1","Port":3}}}}}
PUT /v1/agent/service/register {"Name":"web5","Connect":{"SidecarService":{"Proxy":{"DestinationServiceName":"other","DestinationServiceID":"oid","LocalServiceAddress":"127.0.0.1","LocalServicePort":99}}}}
PUT /v1/agent/service/register {"Name":"web6","Connect":{"sidecar_service":{"port":31000}}}
PUT /v1/agent/service/register {"Name":"web7","connect":{"sidecarservice":null}}
PUT /v1/agent/service/register {"Name":"web8","connect":{"SidecarService":[]}}
PUT /v1/agent/service/register {"Name":"web8","connect":{"SidecarService":{"Port":"x"}}}
PUT /v1/agent/service/register {"Name":"web10","Kind":"connect-proxy","Port":1,"Proxy":{"DestinationServiceName":"web"},"connect":{"SidecarService":{}}}
GET /v1/agent/services
GET /v1/agent/checks
PUT /v1/agent/service/register {"Name":"web","Port":80,"Connect":{"SidecarService":{"Check":{"TTL":"1s","Interval":"1s"}}}}
PUT /v1/agent/service/register {"Name":"web","Port":80,"Connect":{"SidecarService":{"Weights":{"Passing":-1}}}}
PUT /v1/agent/service/register {"Name":"web","Port":80,"Connect":{"SidecarService":{"Meta":{"consul-":"1"}}}}
PUT /v1/agent/service/register {"Name":"web","Port":80,"Connect":{"SidecarService":{"Port":-1}}}
GET /v1/agent/services
GET /v1/agent/checks
PUT /v1/agent/service/deregister/web
GET /v1/agent/services
PUT /v1/agent/service/deregister/web3-sidecar-proxy
GET /v1/agent/services
GET /v1/agent/checks
pause 300
GET /v1/catalog/connect/web
GET /v1/catalog/services
`;

export const meshCatalog: Area = {
  name: "mesh-catalog",
  config: { enable_script_checks: true },
  scenarios: [
    scenario("what a proxy may say", ...steps(proxies)),
    scenario("ingress and terminating gateways", ...steps(gateways)),
    scenario("sidecars", ...steps(sidecars, [/"Output": ".*"/g])),
  ],
};
