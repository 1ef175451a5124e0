import { describe, expect, it } from "vitest";
import { defaultAutopilot, presentAutopilot } from "../../../shared/structs/autopilot.ts";
import { parseAutopilot } from "../../../shared/structs/parse-autopilot.ts";

describe("autopilot's settings as a body", () => {
  it("are the whole configuration: what is left out is zero", () => {
    expect(parseAutopilot({ CleanupDeadServers: true, lastcontactthreshold: "500ms" })).toEqual({
      ok: true,
      value: {
        ...{ CleanupDeadServers: true, LastContactThreshold: 500, MaxTrailingLogs: 0, MinQuorum: 0 },
        ...{ ServerStabilizationTime: 0, RedundancyZoneTag: "", UpgradeVersionTag: "" },
        DisableUpgradeMigration: false,
      },
    });
    // Numbers are nanoseconds; indexes of a configuration that was read before are taken no notice of.
    const read = { LastContactThreshold: 5, ServerStabilizationTime: null, CreateIndex: 4, ModifyIndex: 9 };
    expect(parseAutopilot(read)).toMatchObject({ ok: true, value: { LastContactThreshold: 5e-6 } });
  });

  it.each([
    [[], "json: cannot unmarshal array into Go value of type api.AutopilotConfiguration"],
    [5, "json: cannot unmarshal number into Go value of type api.AutopilotConfiguration"],
    [{ LastContactThreshold: "x" }, 'time: invalid duration "x"'],
    [{ LastContactThreshold: true }, 'strconv.ParseFloat: parsing "true": invalid syntax'],
    [
      { MaxTrailingLogs: -1 },
      "json: cannot unmarshal number -1 into Go struct field AutopilotConfiguration.MaxTrailingLogs of type uint64",
    ],
    [
      { MinQuorum: -1 },
      "json: cannot unmarshal number -1 into Go struct field AutopilotConfiguration.MinQuorum of type uint",
    ],
    [{ Unknown: 1 }, 'json: unknown field "Unknown"'],
    [
      { CleanupDeadServers: "x" },
      "json: cannot unmarshal string into Go struct field AutopilotConfiguration.CleanupDeadServers of type bool",
    ],
  ])("%j is refused in Go's words", (body, error) => {
    expect(parseAutopilot(body)).toEqual({ ok: false, error });
  });

  it("are shown with Go's durations", () => {
    expect(presentAutopilot({ ...defaultAutopilot, CreateIndex: 4, ModifyIndex: 5 })).toEqual({
      ...defaultAutopilot,
      ...{ LastContactThreshold: "200ms", ServerStabilizationTime: "10s", CreateIndex: 4, ModifyIndex: 5 },
    });
  });
});
