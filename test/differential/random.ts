// Random sequences of requests over a small universe of names, by a seed: collisions, locks that are held, checks that
// turn, conditions that sometimes hold. Identifiers and indexes come from earlier answers (`save`).

import { Dice } from "../fuzz/requests.ts";
import { del, get, type HttpStep, put, request, type Scenario } from "./steps.ts";

const keys = ["a", "a/b", "a/b/c", "a/", "b", "B", "x%20y", "%C3%BC"];
const nodes = ["n1", "n2", "n3"];
const services = ["web", "db"];
const slots = ["s0", "s1", "s2"];
const values = ["", "1", "2", "<&>", "\u20ac"];
const statuses = ["passing", "warning", "critical"];

type Make = (dice: Dice) => HttpStep;

const node = (dice: Dice) => dice.of(nodes);
const slot = (dice: Dice) => `\${${dice.of(slots)}}`;
const index = (dice: Dice) => dice.of(["0", "1", "${ix}", "${ix}", "999999"]);
const either = (dice: Dice, ...texts: readonly string[]) => dice.of(texts);
/** No tags are null here (docs/divergence.md). */
const tagsOfTxn = { ignore: [/"(Service)?Tags": (null|\[\])/g] };
const saveIndex = { save: { ix: "$[0].ModifyIndex" } } as const;

function kvOperation(dice: Dice): object {
  const Verb = dice.of([
    "set",
    "cas",
    "lock",
    "unlock",
    "get",
    "get-tree",
    "check-index",
    "check-session",
    "check-not-exists",
    "delete",
    "delete-cas",
    "delete-tree",
  ]);
  const Key = decodeURIComponent(dice.of(keys));
  const Value = Buffer.from(dice.of(values)).toString("base64");
  return {
    KV: { Verb, Key, Value, Flags: dice.below(3), Index: Number(dice.of(["0", "1"])), Session: slot(dice) },
  };
}

function catalogOperation(dice: Dice): object {
  const Verb = dice.of(["set", "get", "delete"]);
  const [Node, Service] = [node(dice), dice.of(services)];
  if (dice.chance(3)) return { Node: { Verb, Node: { Node, Address: `10.0.0.${1 + dice.below(3)}` } } };
  if (dice.chance(2))
    return { Service: { Verb, Node, Service: { ID: Service, Service, Port: dice.below(3) } } };
  return { Check: { Verb, Check: { Node, CheckID: "c", Status: dice.of(statuses) } } };
}

const makers: readonly (readonly [weight: number, Make])[] = [
  [6, (dice) => put(`/v1/kv/${dice.of(keys)}`, dice.of(values))],
  [2, (dice) => put(`/v1/kv/${dice.of(keys)}?flags=${dice.below(3)}`, dice.of(values))],
  [3, (dice) => put(`/v1/kv/${dice.of(keys)}?cas=${index(dice)}`, dice.of(values))],
  [4, (dice) => put(`/v1/kv/${dice.of(keys)}?acquire=${slot(dice)}`, dice.of(values))],
  [3, (dice) => put(`/v1/kv/${dice.of(keys)}?release=${slot(dice)}`, dice.of(values))],
  [3, (dice) => del(`/v1/kv/${dice.of(keys)}${either(dice, "", "", `?cas=${index(dice)}`)}`)],
  [6, (dice) => get(`/v1/kv/${dice.of(keys)}`, saveIndex)],
  [3, (dice) => get(`/v1/kv/${dice.of(keys)}?${either(dice, "recurse", "keys", "keys&separator=/", "raw")}`)],
  [2, () => get("/v1/kv/?recurse")],
  [
    4,
    (dice) =>
      put(
        "/v1/txn",
        Array.from({ length: 1 + dice.below(4) }, () =>
          dice.chance(4) ? catalogOperation(dice) : kvOperation(dice),
        ),
        tagsOfTxn,
      ),
  ],
  [
    4,
    (dice) =>
      put(
        "/v1/session/create",
        {
          LockDelay: "0s",
          Behavior: either(dice, "release", "delete"),
          ...(dice.chance(2) ? {} : { Node: node(dice), NodeChecks: dice.chance(2) ? [] : ["c"] }),
        },
        { save: { [dice.of(slots)]: "$.ID" } },
      ),
  ],
  [2, (dice) => put(`/v1/session/destroy/${slot(dice)}`)],
  [2, (dice) => get(`/v1/session/info/${slot(dice)}`, { ignore: [/X-Consul-Index: \d+/] })],
  [1, (dice) => put(`/v1/session/renew/${slot(dice)}`)],
  [1, () => get("/v1/session/list", { unordered: true, ignore: [/"(Create|Modify)Index": \d+/g] })],
  [
    4,
    (dice) =>
      put("/v1/catalog/register", {
        Node: node(dice),
        Address: `10.0.0.${1 + dice.below(3)}`,
        ...(dice.chance(2)
          ? { Service: { Service: dice.of(services), Tags: dice.chance(2) ? ["t"] : [], Port: 80 } }
          : {}),
        ...(dice.chance(2) ? { Check: { CheckID: "c", Name: "c", Status: dice.of(statuses) } } : {}),
      }),
  ],
  [
    2,
    (dice) => {
      const what = dice.of([{}, { CheckID: "c" }, { ServiceID: dice.of(services) }]);
      return put("/v1/catalog/deregister", { Node: node(dice), ...what });
    },
  ],
  [2, (dice) => get(`/v1/health/service/${dice.of(services)}`, { ignore: [/X-Consul-Index: \d+/] })],
  [1, (dice) => get(`/v1/catalog/service/${dice.of(services)}`, { ignore: [/X-Consul-Index: \d+/] })],
  [
    2,
    (dice) =>
      put(`/v1/config${either(dice, "", "?cas=0")}`, {
        Kind: dice.of(["service-defaults", "service-resolver"]),
        Name: dice.of(services),
        ...(dice.chance(2) ? { Protocol: either(dice, "http", "tcp") } : {}),
      }),
  ],
  [1, (dice) => get(`/v1/config/service-defaults/${dice.of(services)}`, { ignore: [/X-Consul-Index: \d+/] })],
  [1, (dice) => del(`/v1/config/service-defaults/${dice.of(services)}`)],
  [1, (dice) => get(`/v1/discovery-chain/${dice.of(services)}`, { ignore: [/X-Consul-Index: \d+/] })],
  [1, (dice) => request(either(dice, "POST", "OPTIONS", "PATCH"), `/v1/kv/${dice.of(keys)}`)],
];

const total = makers.reduce((sum, [weight]) => sum + weight, 0);

/** A sequence of so many requests; the same seed makes the same one. */
export function randomScenario(seed: number, length: number): Scenario {
  const dice = new Dice(seed);
  const steps = Array.from({ length }, () => {
    let at = dice.below(total);
    for (const [weight, make] of makers) {
      if (at < weight) return make(dice);
      at -= weight;
    }
    return get("/v1/status/leader");
  });
  return { name: `seed ${seed}`, steps };
}
