// What workerd is told about the local edge: the Worker, its server objects with SQLite on disk, one socket, and for
// tests a second socket through which an object can be evicted.

export type EdgeConfig = {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
  /** Names of variables that are taken from workerd's environment, so that secrets stand in no file. */
  readonly secrets: readonly string[];
  readonly objectsDir: string;
  readonly testHooks: boolean;
};

export const workerFile = "worker.js";
export const controlFile = "control.js";

/** The text of workerd's configuration file; it stands beside the two files named above. */
export function edgeConfigText(config: EdgeConfig): string {
  const { compatibilityDate, vars, secrets } = config;
  const flags = `[${config.compatibilityFlags.map(quote).join(", ")}]`;
  const bindings = [
    `(name = "SERVER", durableObjectNamespace = "ConsulServer")`,
    ...Object.entries(vars).map(([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`),
    ...secrets.map((name) => `(name = ${quote(name)}, fromEnvironment = ${quote(name)})`),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "legate", worker = (
      modules = [(name = "worker.js", esModule = embed "${workerFile}")],
      compatibilityDate = ${quote(compatibilityDate)},
      compatibilityFlags = ${flags},
      durableObjectNamespaces = [
        (className = "ConsulServer", uniqueKey = "legate-ConsulServer", enableSql = true),
      ],
      durableObjectStorage = (localDisk = "objects"),
      bindings = [
        ${bindings.join(",\n        ")},
      ],
    )),
    (name = "objects", disk = (path = ${quote(config.objectsDir)}, writable = true)),${
      config.testHooks ? controlService(compatibilityDate) : ""
    }
  ],
  sockets = [
    (name = "http", http = (), service = "legate"),${
      config.testHooks ? `\n    (name = "control", http = (), service = "control"),` : ""
    }
  ],
);
`;
}

function controlService(compatibilityDate: string): string {
  return `
    (name = "control", worker = (
      modules = [(name = "control.js", esModule = embed "${controlFile}")],
      compatibilityDate = ${quote(compatibilityDate)},
      compatibilityFlags = ["unsafe_module"],
      bindings = [
        (name = "SERVER", durableObjectNamespace = (className = "ConsulServer", serviceName = "legate")),
      ],
    )),`;
}

/**
 * `?evict=NAME` puts one object to sleep as the platform does: once nothing is in flight and no timer is left; its
 * sockets stay open. Without it all objects end at once, whatever they are doing.
 */
export const controlWorker = `import unsafe from "workerd:unsafe";
export default {
  async fetch(request, env) {
    const asked = new URL(request.url).searchParams;
    const counted = asked.get("rows");
    if (counted !== null) return new Response(String(await env.SERVER.getByName(counted).rowsWritten()));
    const name = asked.get("evict");
    if (name === null) {
      await unsafe.abortAllDurableObjects();
      return new Response("aborted");
    }
    try {
      await unsafe.evict(env.SERVER.getByName(name), { webSockets: "hibernate" });
    } catch (error) {
      if (!String(error).includes("not currently running")) return new Response(String(error), { status: 500 });
    }
    return new Response("evicted");
  },
};
`;

/** Cap'n Proto's string literals are C's; JSON's escapes of control characters are not, so those are refused. */
function quote(text: string): string {
  for (const character of text) {
    if (character < " ")
      throw new Error(`a value for workerd holds a control character: ${JSON.stringify(text)}`);
  }
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
