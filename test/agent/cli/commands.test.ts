import { describe, expect, it } from "vitest";
import { parseEntries } from "../../../agent/cli/commands/kv-entries.ts";
import { pathOf } from "../../../agent/cli/http-client.ts";
import { sortedPairs, table, wrap } from "../../../agent/cli/output.ts";
import { cli } from "./fake-ports.ts";

const entry =
  '[{"LockIndex":0,"Key":"a/b","Flags":18446744073709551615,"Value":"aGVsbG8=","CreateIndex":13,"ModifyIndex":14}]';

describe("kv", () => {
  it("prints a value, in base64, or with all that is known of it", async () => {
    const answers = [{ body: entry }];
    expect((await cli(["kv", "get", "a/b"], { answers })).out).toBe("hello\n");
    expect((await cli(["kv", "get", "-base64", "a/b"], { answers })).out).toBe("aGVsbG8=\n");
    expect((await cli(["kv", "get", "-recurse", "a"], { answers })).out).toBe("a/b:hello\n");
    expect((await cli(["kv", "get", "-detailed", "a/b"], { answers })).out).toBe(
      "CreateIndex      13\nFlags            18446744073709551615\nKey              a/b\nLockIndex        0\nModifyIndex      14\nSession          -\nValue            hello\n",
    );
    expect(parseEntries(entry)[0]?.Flags).toBe("18446744073709551615");
  });

  it("says what is missing", async () => {
    const gone = { answers: [{ status: 404, body: "" }] };
    expect(await cli(["kv", "get", "nope"], gone)).toMatchObject({
      code: 1,
      err: "Error! No key exists at: nope\n",
    });
    expect(await cli(["kv", "get", "-recurse", "nope"], gone)).toMatchObject({ code: 0, out: "" });
    expect(await cli(["kv", "get", "-keys", "nope"], gone)).toMatchObject({ code: 0, out: "" });
    expect((await cli(["kv", "get"])).err).toContain("Missing KEY argument");
    expect((await cli(["kv", "put"])).code).toBe(1);
    expect((await cli(["kv", "put", "-cas", "a", "b"])).err).toBe("Must specify -modify-index with -cas!\n");
    expect((await cli(["kv", "put", "/a", "b"])).err).toContain("must not begin with a '/'");
    expect((await cli(["kv", "delete", "-modify-index=1", "a"])).code).toBe(1);
    expect(
      (await cli(["kv", "put", "-base64", "a", "!!"], { answers: [{ body: "true" }] })).requests,
    ).toEqual([]);
  });

  it("writes text, files and standard input, and deletes", async () => {
    const answers = [{ body: "true" }];
    const put = await cli(["kv", "put", "-flags=42", "a b/c", "-5"], { answers });
    expect(put).toMatchObject({ code: 0, out: "Success! Data written to: a b/c\n" });
    expect(put.requests[0]).toMatchObject({ method: "PUT", path: "/v1/kv/a%20b/c?flags=42" });
    const sent = async (words: string[]) =>
      (await cli(words, { answers, files: { f: "file" }, stdin: "in" })).requests[0]?.body;
    expect(await sent(["kv", "put", "k", "@f"])).toEqual(new TextEncoder().encode("file"));
    expect(await sent(["kv", "put", "k", "-"])).toEqual(new TextEncoder().encode("in"));
    const failed = await cli(["kv", "put", "-cas", "-modify-index=5", "k", "v"], {
      answers: [{ body: "false" }],
    });
    expect(failed).toMatchObject({ code: 1, err: "Error! Did not write to k: CAS failed\n" });
    const tree = await cli(["kv", "delete", "-recurse", "a"], { answers });
    expect(tree).toMatchObject({ code: 0, out: "Success! Deleted keys with prefix: a\n" });
    expect(tree.requests[0]?.path).toBe("/v1/kv/a?recurse");
  });
});

describe("members and the catalog", () => {
  const member = {
    Name: "n1",
    Addr: "127.0.0.1",
    Port: 8301,
    Tags: { role: "consul", build: "1.8.7:", vsn: "2", dc: "dc1" },
    Status: 1,
    ProtocolMin: 1,
    ProtocolMax: 5,
    ProtocolCur: 2,
    DelegateMin: 2,
    DelegateMax: 5,
    DelegateCur: 4,
  };

  it("prints members in columns, servers first", async () => {
    const client = { ...member, Name: "a1", Tags: { ...member.Tags, role: "node" }, Status: 4 };
    const answers = [{ body: JSON.stringify([client, member]) }];
    expect((await cli(["members"], { answers })).out).toBe(
      "Node  Address         Status  Type    Build  Protocol  DC   Segment\n" +
        "n1    127.0.0.1:8301  alive   server  1.8.7  2         dc1  <all>\n" +
        "a1    127.0.0.1:8301  failed  client  1.8.7  2         dc1  <default>\n",
    );
    expect((await cli(["members", "-detailed"], { answers })).out).toContain(
      "build=1.8.7:,dc=dc1,role=consul,segment=<all>",
    );
    expect(JSON.parse((await cli(["members", "-format=json"], { answers })).out)).toHaveLength(2);
    expect((await cli(["members", "-status=(failed|left)"], { answers })).out).not.toContain("n1 ");
    expect(await cli(["members", "-status=left"], { answers })).toMatchObject({ code: 2, out: "", err: "" });
    expect((await cli(["members", "-status=("], { answers })).code).toBe(1);
  });

  it("prints nodes, services and datacenters", async () => {
    const node = {
      ID: "efdb8aad-e457-a27a-37ae-ebbaef9cd377",
      Node: "n1",
      Address: "127.0.0.1",
      Datacenter: "dc1",
      TaggedAddresses: { wan: "1.1.1.1", lan: "127.0.0.1" },
      Meta: { k: "v" },
    };
    const answers = [{ body: JSON.stringify([node]) }];
    expect((await cli(["catalog", "nodes"], { answers })).out).toBe(
      "Node  ID        Address    DC\nn1    efdb8aad  127.0.0.1  dc1\n",
    );
    expect((await cli(["catalog", "nodes", "-detailed"], { answers })).out).toContain(
      "lan=127.0.0.1, wan=1.1.1.1  k=v",
    );
    const none = await cli(["catalog", "nodes", "-service=x"], { answers: [{ body: "[]" }] });
    expect(none).toMatchObject({ code: 0, out: "" });
    expect(none.err).toContain("No nodes match the given query");
    const services = [{ body: '{"web":["b","a"],"consul":[]}' }];
    expect((await cli(["catalog", "services"], { answers: services })).out).toBe("consul\nweb\n");
    expect((await cli(["catalog", "services", "-tags"], { answers: services })).out).toBe(
      "consul      \nweb         a,b\n",
    );
    expect((await cli(["catalog", "datacenters"], { answers: [{ body: '["dc1"]' }] })).out).toBe("dc1\n");
    const meta = await cli(["catalog", "nodes", "-node-meta=a=b", "-stale", "-datacenter=x"], { answers });
    expect(meta.requests[0]?.path).toBe("/v1/catalog/nodes?node-meta=a%3Ab&dc=x&stale");
  });
});

describe("services, reload, leave and info", () => {
  it("registers from options and from files", async () => {
    const answers = [{ body: "" }, { body: "" }];
    const words = [
      "-name=w",
      "-port=9",
      "-tag=a",
      "-meta=k=v",
      "-address=10.0.0.9",
      "-tagged-address=lan=1.2.3.4:80",
    ];
    const flags = await cli(["services", "register", ...words], { answers });
    expect(flags).toMatchObject({ code: 0, out: "Registered service: w\n" });
    expect(JSON.parse(String(flags.requests[0]?.body))).toEqual({
      Name: "w",
      Address: "10.0.0.9",
      Port: 9,
      Tags: ["a"],
      Meta: { k: "v" },
      TaggedAddresses: { lan: { Address: "1.2.3.4", Port: 80 } },
    });
    const files = { "s.json": '{"service":{"id":"i","name":"a"},"services":[{"name":"b"}]}', "x.json": "{}" };
    expect((await cli(["services", "register", "s.json"], { answers, files })).out).toContain(
      "Registered service: b\n",
    );
    const gone = await cli(["services", "deregister", "s.json"], { answers, files });
    expect(gone.requests.map(({ path }) => path)).toEqual([
      "/v1/agent/service/deregister/i",
      "/v1/agent/service/deregister/b",
    ]);
    for (const wrong of [["register"], ["register", "none.json"], ["register", "x.json"], ["deregister"]])
      expect((await cli(["services", ...wrong], { files })).code).toBe(1);
  });

  it("tells the agent to reload or leave, and prints its counters", async () => {
    const answers = [{ body: "" }];
    expect((await cli(["reload"], { answers })).out).toBe("Configuration reload triggered\n");
    expect((await cli(["leave"], { answers })).out).toBe("Graceful leave complete\n");
    const self = [{ body: '{"Stats":{"b":{"z":"1","a":"2"},"agent":{"checks":"0"}}}' }];
    expect((await cli(["info"], { answers: self })).out).toBe("agent:\n\tchecks = 0\nb:\n\ta = 2\n\tz = 1\n");
  });
});

describe("asking an agent", () => {
  it("takes address and token from options before the environment", async () => {
    const answers = [{ body: "[]" }];
    const env = { CONSUL_HTTP_ADDR: "https://e:1", CONSUL_HTTP_TOKEN: "env" };
    const request = async (words: string[], files = {}) =>
      (await cli(["members", ...words], { answers, env, files })).requests[0];
    expect(await request([])).toMatchObject({ origin: "https://e:1", headers: { "X-Consul-Token": "env" } });
    expect(await request(["-http-addr=h:2", "-token=t"])).toMatchObject({
      origin: "http://h:2",
      headers: { "X-Consul-Token": "t" },
    });
    expect((await request(["-token-file=f", "-token=t"], { f: "file\n" }))?.headers).toEqual({
      "X-Consul-Token": "file",
    });
    expect((await cli(["members", "-token-file=none"])).err).toContain("Error loading token file: open none");
    expect((await request(["-http-addr=unix:///run/x.sock"]))?.origin).toBe("unix:///run/x.sock");
    expect((await cli(["members", "-http-addr=ftp://x"])).err).toContain("is no address of an agent");
  });

  it("names the cause and the next step", async () => {
    const refused = await cli(["kv", "get", "x"]);
    expect(refused.err).toContain(
      'Error querying Consul agent: Get "http://127.0.0.1:8500/v1/kv/x": dial tcp 127.0.0.1:8500: connect: connection refused\n',
    );
    expect(refused.err).toContain("npm start");
    const answer = (status: number, body: string) =>
      cli(["catalog", "nodes"], { answers: [{ status, body }] });
    expect((await answer(500, "No cluster leader")).err).toBe(
      "Error listing nodes: Unexpected response code: 500 (No cluster leader)\n",
    );
    expect((await answer(403, "Permission denied")).err).toContain("CONSUL_HTTP_TOKEN");
    expect((await answer(200, "<html>")).err).toContain("is no JSON");
  });

  it("escapes names and keeps their slashes", () => {
    expect(pathOf("/v1/kv/", "a b/c?d")).toBe("/v1/kv/a%20b/c%3Fd");
    expect(pathOf("/v1/kv/", "a//b")).toBe("/v1/kv/a%2F/b");
  });
});

describe("text", () => {
  it("is laid out in columns and wrapped", () => {
    expect(
      table([
        ["a", "bbb"],
        ["cc", ""],
      ]),
    ).toBe("a   bbb\ncc\n");
    expect(table([])).toBe("");
    expect(sortedPairs({ b: "2", a: "1" }, ",")).toBe("a=1,b=2");
    expect(wrap("one two three", "  ", 9)).toBe("  one two\n  three\n");
  });
});
