// What came in through the API and must survive a restart, as JSON files under the data directory (surface D2):
// services/<hash of id>, checks/<hash>, and the state of TTL checks in checks/state/<hash>. A file that cannot be
// read is reported by its name and skipped; it never keeps the agent from starting.

import type { Millis } from "../../shared/base/brand.ts";
import { type CheckDefinition, emptyCheck } from "../../shared/structs/service-definition.ts";
import type { AgentPorts } from "../ports.ts";
import { contentHash } from "../../shared/base/content-hash.ts";
import type { LocalCheck, LocalService } from "./state.ts";

/** Consul's names; Expires is in seconds since 1970. */
export type CheckStateFile = {
  readonly CheckID: string;
  readonly Output: string;
  readonly Status: string;
  readonly Expires: number;
};

export type Persistence = {
  saveService(entry: LocalService): void;
  removeService(id: string): void;
  saveCheck(entry: LocalCheck): void;
  removeCheck(id: string): void;
  saveCheckState(id: string, status: string, output: string, expires: Millis): void;
  /** What was last reported for a TTL check, unless that has expired. */
  loadCheckState(id: string): CheckStateFile | null;
  loadServices(): readonly LocalService[];
  loadChecks(): readonly LocalCheck[];
};

/** `enabled` is false without a data directory: nothing is kept. */
export function createPersistence(
  ports: Pick<AgentPorts, "files" | "log" | "clock">,
  enabled: boolean,
): Persistence {
  const path = (directory: string, id: string): string => `${directory}/${contentHash(id)}`;

  function save(file: string, value: unknown): void {
    if (!enabled) return;
    try {
      ports.files.write(file, JSON.stringify(value));
    } catch (cause) {
      ports.log("error", `agent: cannot write ${file}: a restart will not know this registration`, {
        error: text(cause),
      });
    }
  }

  function remove(file: string): void {
    if (!enabled) return;
    try {
      ports.files.remove(file);
    } catch (cause) {
      ports.log("error", `agent: cannot remove ${file}: a restart will bring it back`, {
        error: text(cause),
      });
    }
  }

  function load<T>(directory: string, read: (value: unknown) => T | null): T[] {
    if (!enabled) return [];
    const found: T[] = [];
    for (const name of ports.files.list(directory)) {
      const file = `${directory}/${name}`;
      const value = parse(ports.files.read(file));
      if (value === undefined) continue; // a directory, or gone meanwhile
      const entry = value === null ? null : read(value);
      if (entry === null)
        ports.log("error", `agent: ${file} is corrupt and was skipped; remove it or register again`);
      else found.push(entry);
    }
    return found;
  }

  return {
    saveService: (entry) =>
      save(path("services", entry.service.ID), { Token: entry.token, Service: entry.service }),
    removeService: (id) => remove(path("services", id)),
    saveCheck: (entry) =>
      save(path("checks", entry.check.CheckID), {
        Token: entry.token,
        Check: entry.check,
        Definition: entry.definition,
      }),
    removeCheck(id) {
      remove(path("checks", id));
      remove(path("checks/state", id));
    },
    saveCheckState(id, status, output, expires) {
      const state: CheckStateFile = {
        CheckID: id,
        Output: output,
        Status: status,
        Expires: Math.ceil(expires / 1000),
      };
      save(path("checks/state", id), state);
    },
    loadCheckState(id) {
      if (!enabled) return null;
      const file = path("checks/state", id);
      const value = parse(ports.files.read(file));
      if (value === undefined) return null;
      if (!hasShape(value, { CheckID: "", Output: "", Status: "", Expires: 0 })) {
        ports.log("error", `agent: ${file} is corrupt and was skipped`);
        return null;
      }
      const state = value as CheckStateFile;
      if (state.CheckID === id && state.Expires * 1000 > ports.clock.now()) return state;
      remove(file);
      return null;
    },
    loadServices: () => load("services", readService),
    loadChecks: () => load("checks", readCheck),
  };
}

function readService(value: unknown): LocalService | null {
  if (!hasShape(value, { Token: "", Service: serviceSample })) return null;
  const file = value as { Token: string; Service: LocalService["service"] };
  return { service: file.Service, token: file.Token, source: "api" };
}

function readCheck(value: unknown): LocalCheck | null {
  if (!hasShape(value, { Token: "", Check: checkSample })) return null;
  const file = value as { Token: string; Check: LocalCheck["check"]; Definition?: unknown };
  const definition = file.Definition ?? null;
  if (definition !== null && !hasShape(definition, definitionSample)) return null;
  return {
    check: file.Check,
    definition: definition as CheckDefinition | null,
    token: file.Token,
    source: "api",
  };
}

const serviceSample = {
  ID: "",
  Service: "",
  Tags: [],
  Address: "",
  Port: 0,
  Weights: { Passing: 0, Warning: 0 },
  EnableTagOverride: false,
};
const checkSample = {
  Node: "",
  CheckID: "",
  Name: "",
  Status: "",
  Notes: "",
  Output: "",
  ServiceID: "",
  ServiceName: "",
  ServiceTags: [],
  Type: "",
};
// What names a check stands beside its definition.
const { id: _i, name: _n, notes: _o, serviceId: _v, status: _u, token: _t, ...definitionSample } = emptyCheck;

/** Every field of the sample is there with the sample's type. */
function hasShape(value: unknown, sample: Readonly<Record<string, unknown>>): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(sample).every(([key, expected]) => {
    const actual = (value as Record<string, unknown>)[key];
    if (Array.isArray(expected)) return Array.isArray(actual);
    if (typeof expected === "object" && expected !== null)
      return hasShape(actual, expected as Record<string, unknown>);
    return typeof actual === typeof expected;
  });
}

/** Undefined when there is no such file, null when it holds no JSON. */
function parse(content: string | null): unknown {
  if (content === null) return undefined;
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return null;
  }
}

function text(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
