import { describe, expect, it } from "vitest";
import { eventRoutes } from "../../../agent/http/routes/event.ts";
import { anAgent } from "./door.ts";

describe("/v1/event", () => {
  it("fires and lists events", async () => {
    const { ask, world } = anAgent();
    expect(eventRoutes.length).toBe(2);
    expect(await ask("GET", "/v1/event/list")).toMatchObject({
      text: "[]",
      headers: { "X-Consul-Index": "1" },
    });
    const fired = await ask("PUT", "/v1/event/fire/a/b?node=.*", "payload");
    expect(fired.json).toMatchObject({
      Name: "a/b",
      Payload: "cGF5bG9hZA==",
      NodeFilter: ".*",
      Version: 1,
      LTime: 0,
    });
    await world.advance(0);
    const listed = await ask("GET", "/v1/event/list?name=a/b");
    expect(listed.json).toMatchObject([{ Name: "a/b", LTime: 2 }]);
    expect(listed.headers["X-Consul-Index"]).not.toBe("1");
    expect((await ask("GET", "/v1/event/list?name=x")).text).toBe("[]");
  });

  it("refuses a missing name and another datacenter", async () => {
    const { ask } = anAgent();
    expect(await ask("PUT", "/v1/event/fire/", "x")).toMatchObject({ status: 400, text: "Missing name" });
    expect(await ask("PUT", "/v1/event/fire/x?dc=nope", "x")).toMatchObject({
      status: 500,
      text: "No path to datacenter",
    });
    expect((await ask("PUT", "/v1/event/fire/x?tag=v", "x")).status).toBe(500);
  });

  it("holds a list until an event of the name comes, or the time is over", async () => {
    const { ask, world } = anAgent();
    await ask("PUT", "/v1/event/fire/b", "1");
    await world.advance(0);
    const index = (await ask("GET", "/v1/event/list?name=b")).headers["X-Consul-Index"];
    let answered = 0;
    const waiting = ask("GET", `/v1/event/list?name=b&index=${index}&wait=10s`).then((reply) => {
      answered += 1;
      return reply;
    });
    await ask("PUT", "/v1/event/fire/other", "2");
    await world.advance(0);
    await Promise.resolve();
    expect(answered).toBe(0);
    await ask("PUT", "/v1/event/fire/b", "3");
    await world.advance(0);
    expect((await waiting).json).toMatchObject([{ Payload: "MQ==" }, { Payload: "Mw==" }]);
    const late = ask("GET", `/v1/event/list?name=none&index=1&wait=10s`);
    await world.advance(10_001);
    expect((await late).text).toBe("[]");
  });
});
