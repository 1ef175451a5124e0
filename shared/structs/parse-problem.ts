// What is wrong with a body or a configuration block: it could not be decoded, or it says something impossible.

import { errorMessage, type ServerError, serverError } from "../errors.ts";

export type ParseProblem = {
  /** decode: over HTTP prefixed with "Request decode failed: "; invalid: `text` is complete. */
  readonly kind: "decode" | "invalid";
  /** Consul's own text. */
  readonly text: string;
  /** What an HTTP client is answered, status included. */
  readonly error: ServerError;
};

export function decodeProblem(text: string): ParseProblem {
  return { kind: "decode", text, error: serverError("decodeFailed", text) };
}

export function invalidProblem(text: string): ParseProblem {
  return { kind: "invalid", text, error: serverError("badRequest", text) };
}

/** A complete text that Consul answers with status 500. */
export function refusedProblem(text: string): ParseProblem {
  return { kind: "invalid", text, error: serverError("rejected", text) };
}

/** Something that Consul can do and Legate cannot yet. */
export function unavailableProblem(what: string): ParseProblem {
  const error = serverError("notImplemented", what);
  return { kind: "invalid", text: errorMessage(error), error };
}
