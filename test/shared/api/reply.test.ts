import { describe, expect, it } from "vitest";
import { emptyReply, errorReply, headerText, metaHeaders, queryReply } from "../../../shared/api/reply.ts";
import type { HttpRequest } from "../../../shared/api/http.ts";
import { type ErrorCode, errorMessage, errors, serverError } from "../../../shared/errors.ts";

const meta = { index: 7, lastContactMillis: 12.9, knownLeader: true, consistency: "stale" } as const;
const request = { rawQuery: "" } as HttpRequest;
const context = { alwaysPretty: false };

describe("replies", () => {
  it.each(Object.keys(errors) as ErrorCode[])("answers %s with its status and its text", (code) => {
    const error = serverError(code, "one", "two", "three");
    const reply = errorReply(error);
    expect(reply.status).toBe(errors[code].status);
    expect(reply.body).toBe(errorMessage(error));
    expect(reply.body).not.toMatch(/\{\d\}/);
    expect(reply.headers["Content-Type"]).toBe("text/plain; charset=utf-8");
  });

  it("closes the connection on a body that is too large, and only then", () => {
    expect(errorReply(serverError("bodyTooLarge", "2", "1", "x")).headers.Connection).toBe("close");
    expect(errorReply(serverError("noLeader")).headers.Connection).toBeUndefined();
  });

  it("writes the query headers as Consul does", () => {
    expect(metaHeaders(meta)).toEqual({
      "X-Consul-Index": "7",
      "X-Consul-Knownleader": "true",
      "X-Consul-Lastcontact": "12",
    });
    const reply = queryReply(request, context, { ok: true, value: { meta, value: [] } });
    expect(reply.headers["X-Consul-Effective-Consistency"]).toBe("stale");
    expect(reply.body).toBe("[]");
  });

  it("sends query headers with index 1 when a read failed behind the border", () => {
    const reply = queryReply(request, context, { ok: false, error: serverError("noPathToDatacenter") });
    expect(reply).toMatchObject({ status: 500, body: "No path to datacenter" });
    expect(reply.headers).toMatchObject({ "X-Consul-Index": "1", "X-Consul-Knownleader": "false" });
  });

  it("has no Content-Type on an empty success", () => {
    expect(emptyReply).toEqual({ status: 200, headers: {}, body: null });
  });

  it("carries any text in a header as its UTF-8 bytes, on one line", () => {
    expect(headerText("plain")).toBe("plain");
    expect(headerText("ü€")).toBe("\u00c3\u00bc\u00e2\u0082\u00ac");
    expect(headerText("a\r\nb: c")).toBe("a  b: c");
  });
});
