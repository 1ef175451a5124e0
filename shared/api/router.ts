// Finds the route of a request as Go's ServeMux does, because clients rely on its redirects: an exact path first,
// else the longest prefix. A path that ends in a parameter is a prefix; the parameter takes the rest, slashes included.

import { toPlainJson } from "../base/json.ts";
import { serverError } from "../errors.ts";
import type { DoorRequest } from "./door.ts";
import type { HttpReply, HttpRequest, Route } from "./http.ts";
import type { KeptReplies } from "./kept-replies.ts";
import { namespaceProblem } from "./namespaces.ts";
import { isMalformedQuery, parseQueryString, percentDecode, type QueryValues } from "./query-string.ts";
import { errorReply, textReply } from "./reply.ts";

export type { DoorRequest } from "./door.ts";

/** What the router itself reads of a context. */
type RouterContext = { readonly alwaysPretty?: boolean; readonly gate?: Gate } | null;

/** What an operator forbids; null where a request may go on. Asked only of paths that there are. */
export type Gate = {
  /** Whatever the method. */
  blocked(door: DoorRequest): HttpReply | null;
  /** Of a method that the path has. */
  restricted(door: DoorRequest): HttpReply | null;
};

/** A reply that is there at once is no promise. */
export type Router<Context> = {
  handle(door: DoorRequest, context: Context): HttpReply | Promise<HttpReply>;
};

type Handler<Context> = {
  /** Names of the parameters; the last one takes the rest, slashes included. None: an exact path. */
  readonly params: readonly string[];
  readonly handle: Route<Context>["handle"];
};

type Place<Context> = {
  readonly key: string;
  /** Handlers by method, those with more parameters first. */
  readonly methods: Map<string, Handler<Context>[]>;
  /** Places for paths that end so ("/execute"): Consul tells these apart inside one handler of the prefix. */
  readonly endings: Map<string, Place<Context>>;
  isEnding: boolean;
};

/** Told of each request that a route took, once it is answered: `place` is the route's path up to its parameter. */
export type RouteObserver = (place: string, method: string) => () => void;

/** One router for all routes of a door. `crashed` hears of exceptions, which the client sees as a plain 500. */
export function createRouter<Context extends RouterContext>(
  routes: readonly Route<Context>[],
  crashed: (error: unknown, door: DoorRequest) => void = () => {},
  began: RouteObserver | null = null,
  kept: KeptReplies<Context> | null = null,
): Router<Context> {
  const places = new Map<string, Place<Context>>();
  for (const route of routes) addRoute(places, route);
  return {
    handle(door, context) {
      const again = kept?.find(door, context) ?? null;
      if (again === null) return made(door, context);
      began?.(again.place, door.method)();
      return again.reply;
    },
  };

  async function made(door: DoorRequest, context: Context): Promise<HttpReply> {
    try {
      return await answer(places, door, context, began, kept);
    } catch (error) {
      crashed(error, door);
      return errorReply(serverError("internal", error instanceof Error ? error.message : String(error)));
    }
  }
}

function newPlace<Context>(key: string, isEnding: boolean): Place<Context> {
  return { key, methods: new Map(), endings: new Map(), isEnding };
}

function addRoute<Context>(places: Map<string, Place<Context>>, route: Route<Context>): void {
  const colon = route.path.indexOf("/:");
  const key = colon < 0 ? route.path : route.path.slice(0, colon + 1);
  const prefix = places.get(key) ?? newPlace<Context>(key, false);
  places.set(key, prefix);
  const tail = colon < 0 ? [] : route.path.slice(colon + 1).split("/");
  const params = tail.filter((part) => part.startsWith(":")).map((part) => part.slice(1).replace("*", ""));
  const place = params.length === tail.length ? prefix : endingOf(prefix, route, tail);
  const handlers = place.methods.get(route.method) ?? [];
  if (handlers.some((other) => other.params.length === params.length)) {
    throw new Error(`broken invariant: ${route.method} ${route.path} clashes with another route`);
  }
  handlers.push({ params, handle: route.handle });
  handlers.sort((a, b) => b.params.length - a.params.length);
  place.methods.set(route.method, handlers);
}

/** The place of "/v1/query/:id/execute": one parameter, then text. */
function endingOf<Context>(
  prefix: Place<Context>,
  route: Route<Context>,
  tail: readonly string[],
): Place<Context> {
  if (tail.slice(1).some((part) => part.startsWith(":"))) {
    throw new Error(`broken invariant: ${route.path} has a parameter behind text behind a parameter`);
  }
  const text = `/${tail.slice(1).join("/")}`;
  const place = prefix.endings.get(text) ?? newPlace<Context>(prefix.key, true);
  prefix.endings.set(text, place);
  return place;
}

async function answer<Context extends RouterContext>(
  places: ReadonlyMap<string, Place<Context>>,
  door: DoorRequest,
  context: Context,
  began: RouteObserver | null,
  kept: KeptReplies<Context> | null,
): Promise<HttpReply> {
  const path = percentDecode(door.path);
  if (path === null) return malformedPath;
  if (isUnprintable(path)) return badPath;
  // As in Go the decoded path is cleaned, so that a key cannot begin with "/" or hold "//" even as %2F.
  const cleaned = needsCleaning(path) ? cleanPath(path) : path;
  const found = findPlace(places, cleaned);
  // As in Go a prefix's own path is redirected to it, though a shorter prefix would take it, too.
  if (!places.has(cleaned) && places.has(`${cleaned}/`))
    return redirect(door.method, `${cleaned}/`, door.rawQuery);
  if (cleaned !== path) return redirect(door.method, cleaned, door.rawQuery);
  if (found === null) return unknownPath;
  const { place, rest } = found;
  const blocked = context?.gate?.blocked(door) ?? null;
  if (blocked !== null) return blocked;
  if (door.rawQuery.includes("%") && isMalformedQuery(door.rawQuery)) return malformedQuery;
  const handlers = place.methods.get(door.method);
  if (handlers === undefined) return withoutHandler(place, door.method, context);
  const restricted = context?.gate?.restricted(door) ?? null;
  if (restricted !== null) return restricted;
  const [handler, params] = choose(handlers, rest);
  const request = new RoutedRequest(door, params);
  const namespace = door.rawQuery === "" ? undefined : request.query("ns");
  const problem = namespaceProblem(place.key, namespace, door.header("x-consul-namespace"));
  if (problem !== null) return errorReply(problem);
  const ended = began?.(place.key, door.method);
  const reply = await handler.handle(request, context);
  ended?.();
  if (reply.madeOf !== undefined) kept?.keep(door, context, place.key, reply);
  return reply;
}

/** The handler with the most parameters that the rest of the path fills; with too few parts the last are "". */
function choose<Context>(
  handlers: readonly Handler<Context>[],
  rest: string,
): readonly [Handler<Context>, Readonly<Record<string, string>>] {
  const parts = rest.split("/").length;
  const [only] = handlers;
  const [name] = only?.params ?? [];
  if (handlers.length === 1 && only?.params.length === 1 && name !== undefined)
    return [only, { [name]: rest }];
  const handler = handlers.find(({ params }) => params.length <= parts) ?? handlers.at(-1);
  if (handler === undefined) throw new Error("broken invariant: a method has a handler");
  if (handler.params.length === 0) return [handler, noParams];
  const values = rest.split("/");
  const params: Record<string, string> = {};
  handler.params.forEach((name, at) => {
    const isLast = at === handler.params.length - 1;
    params[name] = (isLast ? values.slice(at).join("/") : values[at]) ?? "";
  });
  return [handler, params];
}

const noParams: Readonly<Record<string, string>> = {};
const badPath: HttpReply = { status: 400, headers: {}, body: null, isUnrouted: true };
const malformedPath: HttpReply = { ...textReply(400, "400 Bad Request"), isUnrouted: true };
/** Consul's own answer, without a word. */
const malformedQuery: HttpReply = { status: 500, headers: {}, body: null };
const unknownPath: HttpReply = { status: 404, headers: {}, body: null, isUnrouted: true };

function findPlace<Context>(
  places: ReadonlyMap<string, Place<Context>>,
  path: string,
): { readonly place: Place<Context>; readonly rest: string } | null {
  const exact = places.get(path);
  if (exact !== undefined) return { place: exact, rest: "" };
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    const place = places.get(path.slice(0, slash + 1));
    if (place === undefined) continue;
    const rest = path.slice(slash + 1);
    for (const [ending, inner] of place.endings) {
      if (!path.endsWith(ending)) continue;
      // "/v1/query/execute" ends so, too: its name is "execute".
      return { place: inner, rest: rest.endsWith(ending) ? rest.slice(0, -ending.length) : rest };
    }
    return { place, rest };
  }
  return null;
}

function withoutHandler<Context extends RouterContext>(
  place: Place<Context>,
  method: string,
  context: Context,
): HttpReply {
  const names = [...place.methods.keys()];
  const withOptions = ["OPTIONS", ...names].join(",");
  // A handler of Consul that tells its paths apart itself does not count OPTIONS, and answers it with an empty object.
  const inside = place.isEnding || place.endings.size > 0;
  if (method === "OPTIONS") {
    const headers = { Allow: withOptions, ...(inside ? { "Content-Type": "application/json" } : {}) };
    return { status: 200, headers, body: inside ? toPlainJson({}, context?.alwaysPretty === true) : null };
  }
  const reply = errorReply(serverError("methodNotAllowed", method));
  return { ...reply, headers: { ...reply.headers, Allow: inside ? names.join(",") : withOptions } };
}

const asciiOnly = /^[\x20-\x7e]*$/;
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** Go's unicode.IsPrint for every character: no control characters, no spaces but the plain one. */
function isUnprintable(path: string): boolean {
  return !asciiOnly.test(path) && unprintable.test(path);
}

/** True for "//", "/./" and "/../", also at the end. */
function needsCleaning(path: string): boolean {
  return path.includes("//") || (path.includes("/.") && /\/\.\.?(\/|$)/.test(path)) || !path.startsWith("/");
}

function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  const cleaned = `/${kept.join("/")}`;
  return path.endsWith("/") && cleaned !== "/" ? `${cleaned}/` : cleaned;
}

function redirect(method: string, path: string, rawQuery: string): HttpReply {
  const location = rawQuery === "" ? encodePath(path) : `${encodePath(path)}?${rawQuery}`;
  // Go writes a page for those who read only.
  if (method !== "GET" && method !== "HEAD")
    return { status: 301, headers: { Location: location }, body: null, isUnrouted: true };
  const body = `<a href="${escapeHtml(location)}">Moved Permanently</a>.\n\n`;
  const headers = { Location: location, "Content-Type": "text/html; charset=utf-8" };
  return { status: 301, headers, body, isUnrouted: true };
}

function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, (character) => (character === "?" ? "%3F" : "%23"));
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&#34;")
    .replaceAll("'", "&#39;");
}

/** A door's request with its route's parameters; the query string is parsed when somebody asks for it. */
class RoutedRequest implements HttpRequest {
  readonly method: string;
  readonly rawQuery: string;
  readonly params: Readonly<Record<string, string>>;
  readonly #door: DoorRequest;
  #values: QueryValues | null = null;

  constructor(door: DoorRequest, params: Readonly<Record<string, string>>) {
    this.#door = door;
    this.method = door.method;
    this.rawQuery = door.rawQuery;
    this.params = params;
  }

  get remoteAddress() {
    return this.#door.remoteAddress;
  }

  get cancellation() {
    return this.#door.cancellation;
  }

  query(name: string): string | undefined {
    return this.#parsed().get(name)?.[0];
  }

  queryAll(name: string): readonly string[] {
    return this.#parsed().get(name) ?? [];
  }

  header(name: string): string | undefined {
    return this.#door.header(name);
  }

  body(bytesMax: number, setting: string) {
    return this.#door.body(bytesMax, setting);
  }

  #parsed(): QueryValues {
    this.#values ??= parseQueryString(this.rawQuery);
    return this.#values;
  }
}
