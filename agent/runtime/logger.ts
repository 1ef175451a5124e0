// Log lines on stderr in Consul's form: 2026-11-21T14:00:00.000Z [INFO]  agent: message: key=value

import type { Log, LogFollower } from "../ports.ts";

export type LogLevel = Parameters<Log>[0];

const ranks: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 };

export type Logger = {
  readonly log: Log;
  setLevel(level: LogLevel): void;
  /** Lines of this level and above, whatever the log itself shows; the returned function ends it. */
  readonly follow: LogFollower;
};

function valueText(value: unknown): string {
  const text =
    typeof value === "string" ? value : value instanceof Error ? value.message : JSON.stringify(value);
  return text !== undefined && /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text ?? null);
}

/** One line without its end; a message names its part of the agent ("agent.http: ..."), or it is the agent's own. */
export function logLine(
  now: Date,
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): string {
  const label = `[${level.toUpperCase()}]`.padEnd(7);
  const text = /^agent[\w.]*:/.test(message) ? message : `agent: ${message}`;
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${valueText(value)}`);
  const tail = pairs.length === 0 ? "" : `: ${pairs.join(" ")}`;
  return `${now.toISOString()} ${label} ${text.replaceAll("\n", "\\n")}${tail}`;
}

/** The same as JSON, in the form of Consul's -log-json. */
export function logJson(
  now: Date,
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): string {
  const [, module = "agent", text = message] = /^(agent[\w.]*): ?(.*)$/s.exec(message) ?? [];
  return JSON.stringify({
    "@level": level,
    "@message": text,
    "@module": module,
    "@timestamp": now.toISOString(),
    ...fields,
  });
}

type Follower = { readonly least: number; readonly json: boolean; readonly line: (text: string) => void };

export function createLogger(level: LogLevel, write: (line: string) => void = writeStderr): Logger {
  let least = ranks[level];
  const followers = new Set<Follower>();
  return {
    log: (of, message, fields) => {
      if (ranks[of] >= least) write(logLine(new Date(), of, message, fields));
      for (const follower of followers) {
        if (ranks[of] < follower.least) continue;
        const form = follower.json ? logJson : logLine;
        follower.line(form(new Date(), of, message, fields));
      }
    },
    setLevel: (to) => {
      least = ranks[to];
    },
    follow(of, json, line) {
      const follower: Follower = { least: ranks[of], json, line };
      followers.add(follower);
      return () => void followers.delete(follower);
    },
  };
}

function writeStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
