// /v1/txn on nodes, services and checks.

import { type Area, get, put, type Step, scenario } from "../steps.ts";

const id = "11111111-2222-3333-4444-555555555555";
const other = "22222222-2222-3333-4444-555555555555";
const txn = (...operations: readonly unknown[]) => put("/v1/txn", operations);
const node = (Verb: string, more: object) => ({ Node: { Verb, Node: more } });
const service = (Verb: string, Node: string, more: object) => ({ Service: { Verb, Node, Service: more } });
const check = (Verb: string, more: object) => ({ Check: { Verb, Check: more } });
const verbs = ["set", "get", "cas", "delete", "delete-cas", "bogus", ""];

const look: Step[] = [get("/v1/catalog/nodes")];

export const txnCatalog: Area = {
  name: "txn-catalog",
  scenarios: [
    scenario(
      "nodes",
      ...verbs.flatMap((verb) => [txn(node(verb, {})), txn(node(verb, { Node: "x" })), ...look]),
      ...verbs.flatMap((verb) => [
        txn(node(verb, { Node: "x", Address: "10.0.0.1" })),
        get("/v1/catalog/nodes"),
      ]),
      txn(
        node("set", {
          Node: "x",
          Address: "10.0.0.1",
          ID: id,
          Meta: { a: "b" },
          TaggedAddresses: { lan: "10.0.0.1" },
        }),
      ),
      txn(node("get", { ID: id })),
      txn(node("get", { Node: "nope", ID: id })),
      txn(node("set", { Node: "y", Address: "10.0.0.2", ID: id })),
      ...look,
      txn(node("set", { Node: "y", Address: "10.0.0.2", ID: other, Datacenter: "dc2" })),
      txn(node("set", { Node: "x", Address: "10.0.0.2", ID: other })),
      txn(node("set", { Node: "z", Address: "10.0.0.3", ID: "bad" })),
      txn(node("set", { Node: "z", Address: "10.0.0.3", Meta: { "": "x" } })),
      txn(node("set", { Node: "z", Address: "10.0.0.3", Meta: { "consul-x": "x" } })),
      txn(node("set", { Node: "z", Address: "not an address" })),
      txn(node("set", { Node: "bad name", Address: "10.0.0.3" })),
      txn(node("set", { Node: "z", Address: "10.0.0.3", CreateIndex: 7, ModifyIndex: 9 })),
      txn(node("cas", { Node: "z", Address: "10.0.0.4", ModifyIndex: 9 })),
      txn(node("cas", { Node: "n", Address: "10.0.0.4", ModifyIndex: 0 })),
      txn(node("cas", { Node: "n", Address: "10.0.0.4", ModifyIndex: 0 })),
      txn(node("delete-cas", { Node: "n", ModifyIndex: 1 })),
      txn(node("delete", { Node: "n" }), node("get", { Node: "n" })),
      get("/v1/catalog/nodes"),
      txn(node("get", { Node: "dev" }), node("get", { Node: "nope" })),
    ),
    scenario(
      "cas of a node",
      txn(node("set", { Node: "x", Address: "10.0.0.1" })),
      get("/v1/catalog/node/x", { save: { ix: "$.Node.ModifyIndex" } }),
      put(
        "/v1/txn",
        '[{"Node":{"Verb":"cas","Node":{"Node":"x","Address":"10.0.0.2","ModifyIndex":${ix}}}}]',
      ),
      put(
        "/v1/txn",
        '[{"Node":{"Verb":"cas","Node":{"Node":"x","Address":"10.0.0.3","ModifyIndex":${ix}}}}]',
      ),
      get("/v1/catalog/node/x", { save: { ix: "$.Node.ModifyIndex" } }),
      put("/v1/txn", '[{"Node":{"Verb":"delete-cas","Node":{"Node":"x","ModifyIndex":${ix}}}}]'),
    ),
    scenario(
      "services",
      ...verbs.map((verb) => txn(service(verb, "nope", { Service: "web" }))),
      txn(node("set", { Node: "x", Address: "10.0.0.1" })),
      ...verbs.flatMap((verb) => [
        txn(service(verb, "x", {})),
        txn(service(verb, "x", { ID: "w" })),
        txn(service(verb, "x", { Service: "web" })),
        txn(service(verb, "x", { ID: "w", Service: "web", Port: 80 })),
        txn(service(verb, "", { ID: "w", Service: "web", Port: 80 })),
        get("/v1/catalog/node/x"),
      ]),
      txn(
        service("set", "x", {
          ID: "w",
          Service: "web",
          Tags: ["a", "b"],
          Address: "10.1.1.1",
          Meta: { a: "b" },
          Port: 80,
          Weights: { Passing: 3, Warning: 2 },
          EnableTagOverride: true,
          TaggedAddresses: { lan: { Address: "1.2.3.4", Port: 9 } },
        }),
        service("get", "x", { ID: "w" }),
      ),
      get("/v1/catalog/node/x"),
      txn(service("set", "x", { ID: "e", Service: "web", Meta: {}, Weights: null })),
      txn(service("get", "x", { ID: "e" })),
      txn(service("set", "x", { ID: "p", Kind: "connect-proxy", Service: "p" })),
      txn(
        service("set", "x", {
          ID: "p",
          Kind: "connect-proxy",
          Service: "p",
          Port: 1,
          Proxy: { DestinationServiceName: "web" },
        }),
      ),
      txn(service("set", "x", { ID: "b", Kind: "bogus", Service: "b" })),
      txn(service("set", "x", { ID: "b", Service: "b", Weights: { Passing: -1, Warning: 1 } })),
      txn(service("set", "x", { ID: "b", Service: "b", Port: -1 })),
      txn(service("set", "x", { ID: "b", Service: "b", Port: "80" })),
      txn(service("set", "x", { ID: "b", Service: "b", Meta: { "bad key": "x" } })),
      txn(service("set", "x", { ID: "b", Service: "b", SocketPath: "/x" })),
      txn(service("set", "x", { ID: "b", Service: "bad_name with space" })),
      get("/v1/catalog/services", { ignore: [/"[ab]",?/g] }),
      get("/v1/catalog/service/web"),
      txn(service("delete", "x", { ID: "w" }), service("get", "x", { ID: "w" })),
      txn(service("delete", "x", { ID: "w" })),
      txn(service("delete", "x", { Service: "web" })),
      txn(service("delete-cas", "x", { ID: "e", ModifyIndex: 1 })),
      get("/v1/catalog/service/web", { save: { ix: "$[0].ModifyIndex" } }),
      put(
        "/v1/txn",
        '[{"Service":{"Verb":"cas","Node":"x","Service":{"ID":"e","Service":"web","Port":5,"ModifyIndex":${ix}}}}]',
      ),
      put(
        "/v1/txn",
        '[{"Service":{"Verb":"cas","Node":"x","Service":{"ID":"e","Service":"web","Port":6,"ModifyIndex":${ix}}}}]',
      ),
      get("/v1/catalog/service/web", { save: { ix: "$[0].ModifyIndex" } }),
      put(
        "/v1/txn",
        '[{"Service":{"Verb":"delete-cas","Node":"x","Service":{"ID":"e","ModifyIndex":${ix}}}}]',
      ),
      get("/v1/catalog/service/web"),
    ),
    scenario(
      "checks",
      ...verbs.map((verb) => txn(check(verb, { Node: "nope", CheckID: "c" }))),
      txn(node("set", { Node: "x", Address: "10.0.0.1" }), service("set", "x", { ID: "w", Service: "web" })),
      ...verbs.flatMap((verb) => [
        txn(check(verb, {})),
        txn(check(verb, { Node: "x" })),
        txn(check(verb, { Node: "x", CheckID: "c" })),
        txn(check(verb, { Node: "x", CheckID: "c", Name: "C", Status: "passing" })),
        get("/v1/health/node/x"),
      ]),
      txn(
        check("set", {
          Node: "x",
          CheckID: "s",
          Name: "S",
          Status: "warning",
          ServiceID: "w",
          Notes: "n",
          Output: "o",
          ServiceTags: ["q"],
          Type: "http",
          Definition: {
            HTTP: "http://x",
            Interval: "10s",
            Timeout: "5s",
            DeregisterCriticalServiceAfter: "1m",
            Header: { a: ["b"] },
          },
        }),
        check("get", { Node: "x", CheckID: "s" }),
      ),
      get("/v1/health/node/x"),
      txn(check("set", { Node: "x", Name: "onlyname" })),
      txn(check("set", { Node: "x", CheckID: "t", Status: "bogus" })),
      txn(check("set", { Node: "x", CheckID: "t", ServiceID: "nope" })),
      txn(check("set", { Node: "x", CheckID: "t", Definition: { Interval: 10, Timeout: "x" } })),
      txn(
        check("set", { Node: "x", CheckID: "t", Definition: { Interval: 1000000000 } }),
        check("get", { Node: "x", CheckID: "t" }),
      ),
      get("/v1/health/node/x", { save: { ix: "$[0].ModifyIndex" } }),
      put(
        "/v1/txn",
        '[{"Check":{"Verb":"cas","Check":{"Node":"x","CheckID":"s","Name":"S2","ModifyIndex":5}}}]',
      ),
      put("/v1/txn", '[{"Check":{"Verb":"delete-cas","Check":{"Node":"x","CheckID":"s","ModifyIndex":5}}}]'),
      txn(check("delete", { Node: "x", CheckID: "s" }), check("get", { Node: "x", CheckID: "s" })),
      txn(check("delete", { Node: "x", CheckID: "nope" })),
      txn(check("delete", { Node: "nope", CheckID: "nope" })),
      get("/v1/health/node/x"),
    ),
    scenario(
      "mixed and rolled back",
      txn(
        node("set", { Node: "x", Address: "10.0.0.1" }),
        service("set", "x", { ID: "w", Service: "web" }),
        check("set", { Node: "x", CheckID: "c", ServiceID: "w", Status: "critical" }),
        { KV: { Verb: "set", Key: "a", Value: "eA==" } },
        node("get", { Node: "x" }),
      ),
      txn(service("set", "x", { ID: "w2", Service: "web" }), check("get", { Node: "x", CheckID: "nope" })),
      get("/v1/catalog/service/web"),
      txn(
        node("delete", { Node: "x" }),
        service("get", "x", { ID: "w" }),
        check("get", { Node: "x", CheckID: "c" }),
      ),
      txn(node("delete", { Node: "x" })),
      get("/v1/catalog/service/web"),
      get("/v1/health/state/any"),
      txn(service("set", "y", { ID: "w2", Service: "web" }), node("set", { Node: "y", Address: "1.1.1.1" })),
      txn(check("set", { Node: "y", CheckID: "w2" }), service("get", "y", { ID: "q" }), {
        KV: { Verb: "get", Key: "nope" },
      }),
    ),
    scenario(
      "a critical check ends a session",
      txn(
        node("set", { Node: "x", Address: "10.0.0.1" }),
        check("set", { Node: "x", CheckID: "c", Status: "passing" }),
      ),
      put("/v1/session/create", { Node: "x", NodeChecks: ["c"] }, { save: { s: "$.ID" } }),
      txn({ KV: { Verb: "lock", Key: "a", Session: "${s}" } }),
      txn(check("set", { Node: "x", CheckID: "c", Status: "critical" })),
      get("/v1/session/info/${s}"),
      get("/v1/kv/a"),
    ),
  ],
};
