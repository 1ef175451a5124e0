// Random HTTP requests by a seed: real routes with likely and unlikely names, parameters, headers and bodies.

import { agentRoutes } from "../../agent/http/routes/index.ts";
import { routes } from "../../shared/api/routes/index.ts";
import { nextRandom } from "../../shared/base/prng.ts";

export type FuzzRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Draws from one sequence; a seed gives the same requests for ever. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    const draw = nextRandom(this.#state);
    this.#state = draw.state;
    return Math.floor(draw.value * limit);
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** What would end the agent, or what answers for as long as it is read. */
const excluded = /^\/v1\/agent\/(leave|monitor)$/;
const known = [...routes, ...agentRoutes].filter((route) => !excluded.test(route.path));

const names = [
  ..."a web db api x-1 A dev dc1 nope _agent _ip any passing critical service:web consul global".split(" "),
  ..."0 -1 1 true false 1e9 99999999999999999999 18446744073709551615 10ms -5s 1h5m 0s".split(" "),
  ...[
    "service-defaults",
    "service-router",
    "proxy-defaults",
    "ingress-gateway",
    "11111111-2222-3333-4444-555555555555",
  ],
  ...[
    "a/b/c",
    "x y",
    "ü€😀",
    "%",
    "%zz",
    "%00",
    "..",
    "//",
    ".",
    "*",
    "",
    "${name.full}",
    "a+b&c=d;e",
    "\u202e",
  ],
  ...[
    "l".repeat(300),
    "(",
    "[a-",
    "a{1001}",
    "(a+)+$",
    "\\",
    "'; DROP TABLE kv; --",
    "<script>",
    "__proto__",
    "constructor",
  ],
];
const filters = [
  'Service == "web"',
  "Node == dev and not (ServiceID is empty)",
  'Meta["a"] matches "(a+)+$"',
  "Checks.Status != passing",
  "Service.Tags contains x",
  "((((((((((",
  "Bogus == 1",
  "not ".repeat(500),
  `${"(".repeat(2_000)}Node == a${")".repeat(2_000)}`,
];
const parameters = [
  ..."dc stale consistent cached max_stale near tag node-meta token pretty cas flags acquire release".split(
    " ",
  ),
  ..."recurse keys separator raw passing limit connect name node service segment compile-dc ns".split(" "),
  ..."reason enable note ttl depth after count id address relay-factor local-only output status".split(" "),
  ..."filter index kind leader wan prune unknown".split(" "),
];
const fields = [
  ..."Name ID Service Node Address Port Tags Meta Check Checks TTL Datacenter Session Behavior LockDelay".split(
    " ",
  ),
  ..."Kind Protocol Config Splits Routes Subsets Redirect Listeners Template Regexp Type DNS Failover".split(
    " ",
  ),
  ..."NearestN Datacenters Weight KV Verb Key Value Flags Index Coord Vec Error Height Interval HTTP TCP".split(
    " ",
  ),
  ..."Status Output Notes SkipNodeUpdate TaggedAddresses Weights Proxy Connect EnableTagOverride Bogus".split(
    " ",
  ),
];

/** The next request. */
export function fuzzRequest(dice: Dice): FuzzRequest {
  // Much of /v1/acl answers alike while access control is off.
  const drawn = dice.of(known);
  const route = drawn.path.startsWith("/v1/acl") ? dice.of(known) : drawn;
  const method = dice.chance(8)
    ? dice.of(["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"])
    : route.method;
  const filled = route.path.replace(/:\w+\*?/g, () => encode(dice, dice.of(names)));
  const path = dice.chance(20) ? mutated(dice, filled) : filled;
  const body = method === "GET" || method === "HEAD" ? "" : bodyOf(dice);
  return { method, path: sendable(`${path}${queryOf(dice)}`), headers: headersOf(dice), body };
}

/** What a client may put on the request line at all: the rest is refused before any of our code. */
function sendable(path: string): string {
  const rooted = path.startsWith("/") ? path : `/${path}`;
  // By bytes: a mutation may have cut a pair of surrogates in two.
  return rooted.replace(/[^\x21-\x7e]/gu, (character) =>
    [...new TextEncoder().encode(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  );
}

function encode(dice: Dice, name: string): string {
  return dice.chance(6) ? name : encodeURIComponent(name);
}

function mutated(dice: Dice, path: string): string {
  const at = dice.below(path.length);
  return (
    path.slice(0, at) +
    dice.of(["", "/", "//", "%", "%2F", "..", "?", "#", "\t", "é"]) +
    path.slice(at + dice.below(3))
  );
}

/** A wait that is always short: a request that still hangs is a mistake of the agent. */
function queryOf(dice: Dice): string {
  const pairs = [`wait=${dice.of(["20ms", "50ms", "100ms", "-1s", "junk"])}`];
  while (dice.chance(2)) {
    const name = dice.of(parameters);
    const value = name === "filter" ? dice.of(filters) : dice.of(names);
    pairs.push(dice.chance(4) ? name : `${name}=${encode(dice, value)}`);
  }
  return dice.chance(5) ? "" : `?${pairs.join(dice.chance(15) ? ";" : "&")}`;
}

function headersOf(dice: Dice): Record<string, string> {
  const headers: Record<string, string> = {};
  if (dice.chance(6)) headers["X-Consul-Token"] = dice.of(["x", "t".repeat(2_000), ""]);
  if (dice.chance(8)) headers.Authorization = dice.of(["Bearer x", "Basic !!!", "Bearer"]);
  if (dice.chance(4)) headers["Accept-Encoding"] = dice.of(["gzip", "gzip;q=0", "*", "br, ,;"]);
  if (dice.chance(8))
    headers["Cache-Control"] = dice.of(["max-age=1", "must-revalidate", "max-age=x", "no-cache"]);
  if (dice.chance(10)) headers["X-Forwarded-For"] = dice.of(["10.0.0.1", ",,", "x"]);
  if (dice.chance(12))
    headers["Content-Type"] = dice.of(["text/plain", "application/json", "multipart/form-data"]);
  return headers;
}

function bodyOf(dice: Dice): string {
  const json = JSON.stringify(randomValue(dice, 4, true));
  switch (dice.below(12)) {
    case 0:
      return "";
    case 1:
      return json.slice(0, dice.below(json.length + 1));
    case 2:
      return dice.of([
        "null",
        "[]",
        "0",
        '"x"',
        "{",
        "\u0000\u0001",
        "[".repeat(5_000),
        `"${"x".repeat(100_000)}"`,
      ]);
    case 3:
      return json.replace(/[0-9]/, "1e400");
    case 4:
      return `[${json},${json}]`;
    default:
      return json;
  }
}

function randomValue(dice: Dice, depth: number, isObject = false): unknown {
  const kind = isObject ? 0 : dice.below(depth > 0 ? 8 : 6) + (depth > 0 ? 0 : 2);
  if (kind === 0) {
    const entries = Array.from({ length: 1 + dice.below(6) }, () => [
      dice.chance(6) ? dice.of(names) : dice.of(fields),
      randomValue(dice, depth - 1),
    ]);
    return Object.fromEntries(entries) as unknown;
  }
  if (kind === 1) return Array.from({ length: dice.below(4) }, () => randomValue(dice, depth - 1));
  if (kind === 2) return dice.of([0, 1, -1, 80, 65_536, 1.5, 2 ** 53, 1e300]);
  if (kind === 3) return dice.of([true, false, null]);
  return dice.of(names);
}
