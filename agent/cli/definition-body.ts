// A service of a configuration file as a body of /v1/agent/service/register: files write names with underscores, of
// which the API knows only some.

type Definition = Readonly<Record<string, unknown>>;

/** Keys below these are the user's own. */
const ownKeys: readonly string[] = ["meta", "config", "header"];

const lists: readonly string[] = ["checks", "upstreams", "paths"];

/** The definition with names that the API takes. */
export function definitionBody(definition: Definition): Definition {
  return folded(definition, "");
}

function folded(object: Definition, within: string): Definition {
  return Object.fromEntries(
    Object.entries(object).map(([written, value]) => {
      const name = written.replaceAll("_", "");
      const lower = name.toLowerCase();
      // Inside a service the API calls a check's id so.
      const key = lower === "id" && ["check", "checks"].includes(within) ? "CheckID" : name;
      if (ownKeys.includes(lower)) return [key, value];
      if (lower === "taggedaddresses" && isObject(value)) {
        const addresses = Object.entries(value).map(([tag, address]) => [tag, inner(address, lower)]);
        return [key, Object.fromEntries(addresses)];
      }
      // One block of a file is a list of one.
      const listed = lists.includes(lower) && isObject(value) ? [value] : value;
      return [key, inner(listed, lower)];
    }),
  );
}

function inner(value: unknown, within: string): unknown {
  if (Array.isArray(value)) return value.map((item) => inner(item, within));
  return isObject(value) ? folded(value, within) : value;
}

function isObject(value: unknown): value is Definition {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
