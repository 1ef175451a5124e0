import { expect, it } from "vitest";
import { checkReport } from "../../../shared/structs/parse-check-report.ts";

it("reads status and output whatever the case of their names", () => {
  expect(checkReport({ status: "passing", OUTPUT: "ok" })).toEqual({
    ok: true,
    value: { status: "passing", output: "ok" },
  });
  expect(checkReport({ Status: "critical" })).toEqual({
    ok: true,
    value: { status: "critical", output: "" },
  });
});

it("refuses a status that is none, and what is no report", () => {
  expect(checkReport({ Status: "odd" })).toMatchObject({
    ok: false,
    error: { code: "badRequest", args: ["Invalid check status: 'odd'"] },
  });
  for (const body of [[], "passing", { Status: 1 }, { Foo: 1 }]) {
    expect(checkReport(body)).toMatchObject({ ok: false, error: { code: "decodeFailed" } });
  }
});
