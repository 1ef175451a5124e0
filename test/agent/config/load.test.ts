import { describe, expect, it } from "vitest";
import { loadConfig, loadSettings } from "../../../agent/config/load.ts";
import { parseFlags } from "../../../agent/config/flags.ts";
import { agentFlags } from "../../../agent/config/load.ts";
import { fakeConfigPorts } from "../cli/fake-ports.ts";

const edge = ["-edge-url=http://127.0.0.1:8787", "-edge-token=s"];

function load(words: string[], files: Record<string, string> = {}, env = {}) {
  return loadConfig([...words], fakeConfigPorts(files, env));
}
function config(words: string[], files: Record<string, string> = {}, env = {}) {
  const loaded = load(words, files, env);
  if (!loaded.ok) throw new Error(loaded.error);
  return loaded.value;
}
function refusal(words: string[], files: Record<string, string> = {}, env = {}) {
  const loaded = load(words, files, env);
  return loaded.ok ? "fine" : loaded.error;
}
function outcome(words: string[], files: Record<string, string> = {}) {
  const flags = parseFlags(agentFlags, words);
  if (!flags.ok) throw new Error("flags");
  const loaded = loadSettings(flags.value, fakeConfigPorts(files));
  if (!loaded.ok) throw new Error(loaded.error);
  return loaded.value;
}

describe("loading the configuration", () => {
  it("fills in what nobody sets", () => {
    expect(config(["-data-dir=/d", ...edge])).toMatchObject({
      nodeName: "host1",
      datacenter: "dc1",
      domain: "consul.",
      bindAddr: "0.0.0.0",
      advertiseAddr: "10.0.0.7",
      serfLanPort: 8301,
      http: [{ host: "127.0.0.1", port: 8500 }],
      dns: [{ host: "127.0.0.1", port: 8600 }],
      edgeUrls: ["http://127.0.0.1:8787"],
      edgeToken: "s",
      logLevel: "info",
      checkUpdateIntervalMillis: 300_000,
      checkOutputBytesMax: 4096,
      leaveOnTerminate: true,
      skipLeaveOnInterrupt: false,
      disableRemoteExec: true,
    });
  });

  it("merges files in order: scalars replace, lists append, maps merge, options win", () => {
    const files = {
      "/c/10.json": '{"datacenter":"ten","node_meta":{"a":"10","b":"10"},"edge_url":["http://a"]}',
      "/c/20.json": '{"datacenter":"twenty","node_meta":{"a":"20"},"edge_url":["http://b"]}',
      "/c/ignored.txt": "not a configuration",
      "/last.json": '{"ports":{"http":-1}}',
    };
    const loaded = config(
      ["-config-dir=/c/", "-config-file=/last.json", "-data-dir=/d", "-node-meta=b:flag", "-node=n"],
      files,
    );
    expect(loaded).toMatchObject({
      datacenter: "twenty",
      nodeMeta: { a: "20", b: "flag" },
      http: [],
      nodeName: "n",
    });
    expect(loaded.edgeUrls).toEqual(["http://a", "http://b"]);
    expect(config(["-config-dir=/c", "-data-dir=/d", "-datacenter=Flag"], files).datacenter).toBe("flag");
  });

  it("reads keys in any case, and empty or null sections", () => {
    const text =
      '{"Data_Dir":"/d","PORTS":{"HTTP":1},"dns_config":{},"services":null,"retry_join":null,"addresses":null}';
    expect(config(["-config-file=a.json", ...edge], { "a.json": text }).http).toEqual([
      { host: "127.0.0.1", port: 1 },
    ]);
    expect(config(["-config-file=a.json", "-data-dir=/d", ...edge], { "a.json": "{}" }).nodeName).toBe(
      "host1",
    );
  });

  it("takes the command lines of articles about Consul", () => {
    const env = { LEGATE_EDGE_URL: "http://127.0.0.1:8787", LEGATE_EDGE_TOKEN: "s" };
    const files = { "/etc/consul.d/web.json": "{}" };
    const lines = [
      "-server -bootstrap-expect 1 -data-dir /data/consul/ -node=s1 -bind=127.0.0.1 -rejoin -config-dir=/etc/consul.d/ -client 0.0.0.0",
      "-server -bootstrap-expect 2 -data-dir /tmp/consul -node=n2 -bind=10.10.126.101 -ui-dir ./dist -dc=dc1",
      "-data-dir=/tmp/consul -node=agent-two -bind=10.4.7.14 -config-dir=/etc/consul.d -join=10.11.0.31",
      "-dev -config-dir=/etc/consul.d -enable-script-checks",
      "--server=false --client=0.0.0.0 --join 172.17.0.2 -data-dir /consul/data",
    ];
    for (const line of lines) expect(refusal(line.split(" "), files, env)).toBe("fine");
    expect(config(lines[1]?.split(" ") ?? [], files, env)).toMatchObject({
      advertiseAddr: "10.10.126.101",
      datacenter: "dc1",
    });
  });

  it("takes a production configuration of Consul and names what has no effect yet", () => {
    const text = JSON.stringify({
      advertise_addr: "10.0.0.1",
      bind_addr: "10.0.0.1",
      domain: "consul",
      bootstrap_expect: 3,
      server: true,
      datacenter: "dc1",
      data_dir: "/var/consul",
      encrypt: "h1QXEtj8sdrFWmtmhES9lQ==",
      enable_syslog: true,
      performance: { raft_multiplier: 1 },
      dns_config: { allow_stale: true, max_stale: "15s" },
      retry_join: ["10.0.0.2"],
      retry_interval: "10s",
      skip_leave_on_interrupt: true,
      leave_on_terminate: false,
      ports: { dns: 53, http: 80 },
      recursors: ["223.5.5.5"],
      rejoin_after_leave: true,
      addresses: { http: "0.0.0.0", dns: "0.0.0.0" },
    });
    const loaded = outcome(["-config-file=c.json", ...edge], { "c.json": text });
    expect(loaded.obstacles).toEqual([]);
    expect(loaded.config).toMatchObject({
      http: [{ host: "0.0.0.0", port: 80 }],
      skipLeaveOnInterrupt: true,
      disableRemoteExec: true,
    });
    expect(loaded.warnings.join("\n")).toContain("enable_syslog");
    expect(loaded.warnings.join("\n")).not.toMatch(/dns_config|recursors/);
  });

  it("refuses unknown keys, wrong types and impossible values by name", () => {
    const cases: readonly (readonly [string, string])[] = [
      ['{"bogus":1}', "failed to parse a.json: 1 error occurred:\n\t* invalid config key bogus"],
      ['{"ports":{"zz":1}}', "invalid config key ports.zz"],
      ['{"ports":{"http":"x"}}', "'ports.http' expected type 'int', got unconvertible type 'string'"],
      ['{"server":"perhaps"}', "'server' expected type 'bool', got unconvertible type 'string'"],
      ['{"ports":{"http":70000}}', "ports.http: invalid port: 70000"],
      ['{"bind_addr":"nonsense"}', "bind_addr: invalid ip address: nonsense"],
      ['{"datacenter":"bad dc!"}', 'datacenter cannot be "bad dc!". Please use only [a-z0-9-_]'],
      ['{"check_update_interval":"5 apples"}', 'check_update_interval: invalid duration: "5 apples"'],
      ['{"node_meta":{"consul-x":"y"}}', "Key prefix 'consul-' is reserved for internal use"],
      ['{"bootstrap_expect":3}', "'bootstrap_expect > 0' requires 'server = true'"],
      ['{"bootstrap_expect":1}', "'bootstrap = true' requires 'server = true'"],
      [
        '{"server":true,"bootstrap_expect":2,"bootstrap":true}',
        "'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive",
      ],
      ['{"server":true,"encrypt":"short"}', "encrypt has invalid key"],
      ['{"ports":{"http":8600}}', "HTTP address 127.0.0.1:8600 already configured for DNS"],
      ['{"retry_join":"x"}', "'retry_join': source data must be an array or slice, got string"],
      ['{"edge_url":["ftp://x"]}', 'edge_url: "ftp://x" is no address of a Worker'],
    ];
    for (const [text, expected] of cases)
      expect(refusal(["-config-file=a.json", "-data-dir=/d", ...edge], { "a.json": text })).toContain(
        expected,
      );
    expect(refusal(edge)).toContain("data_dir cannot be empty");
  });

  it("reads services and checks, and names the file of one it cannot read", () => {
    const text =
      '{"service":{"name":"a","port":1},"services":[{"name":"b"}],"check":{"id":"t","name":"t","ttl":"60s"}}';
    const loaded = config(["-config-file=a.json", "-data-dir=/d", ...edge], { "a.json": text });
    expect(loaded.services.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(loaded.checks.map(({ id }) => id)).toEqual(["t"]);
    const wrong = { "a.json": '{"service":{"name":"x","nam":1}}' };
    expect(refusal(["-config-file=a.json", "-data-dir=/d", ...edge], wrong)).toBe(
      "failed to parse a.json: 1 error occurred:\n\t* invalid config key service.nam",
    );
  });

  it("reads HCL by name, by format and as fragments, which count last", () => {
    const files = { "a.hcl": 'datacenter = "a"\nports { http = 1 }', "b.conf": 'domain = "b"' };
    const words = ["-config-file=a.hcl", "-data-dir=/d", "-hcl=ports { http = 3 }", "-http-port=2", ...edge];
    expect(config(words, files)).toMatchObject({ datacenter: "a", http: [{ port: 3 }] });
    const formatted = ["-config-format=hcl", "-config-file=b.conf", "-data-dir=/d", ...edge];
    expect(config(formatted, files)).toMatchObject({ domain: "b." });
    expect(refusal(["-config-format=toml"])).toContain("-config-format must be either 'hcl' or 'json'");
    expect(refusal(["-config-file=a.hcl"], { "a.hcl": "a = b" })).toContain(
      "failed to parse a.hcl: At 1:5: Unknown token: 1:5 IDENT b",
    );
    const blocks = 'services { name = "a" check { ttl = "3s" } meta { k = "v" } }\nservices { name = "b" }';
    expect(
      config(["-config-file=a.hcl", "-data-dir=/d", ...edge], { "a.hcl": blocks }).services,
    ).toMatchObject([{ name: "a", meta: { k: "v" }, checks: [{ ttlMillis: 3_000 }] }, { name: "b" }]);
  });

  it("says of missing files and extra words what to do", () => {
    expect(refusal(["-config-file=/none.json"])).toContain("open /none.json: no such file or directory");
    expect(refusal(["-config-file=a.conf"], { "a.conf": "{}" })).toContain("-config-format=hcl");
    expect(refusal(["agent"])).toContain('Unexpected extra argument: "agent"');
  });

  it("is one server by -dev, -bootstrap or -bootstrap-expect=1, from options or files", () => {
    const ports = { port: 8300, serfWanPort: 8302 };
    expect(config(["-dev"])).toMatchObject({
      dataDir: "",
      bindAddr: "127.0.0.1",
      ownServer: { ...ports, dev: true, bootstrap: false },
    });
    const server = { ...ports, dev: false, bootstrap: true };
    expect(config(["-server", "-bootstrap-expect=1", "-data-dir=/d"])).toMatchObject({
      dataDir: "/d",
      ownServer: server,
    });
    expect(config(["-server", "-bootstrap", "-bootstrap-expect=1", "-data-dir=/d"]).ownServer).toMatchObject(
      server,
    );
    const file = JSON.stringify({
      server: true,
      bootstrap: true,
      data_dir: "/d",
      ports: { server: 18300, serf_wan: 18302, https: null },
      performance: {},
      connect: null,
      dns_config: null,
      services: null,
    });
    expect(config(["-config-file=a.json"], { "a.json": file }).ownServer).toMatchObject({
      ...server,
      port: 18_300,
      serfWanPort: 18_302,
    });
  });

  it("waits for other servers, to begin with them or to be added", () => {
    const words = ["-server", "-data-dir=/d"];
    expect(config([...words, "-bootstrap-expect=3"]).ownServer).toMatchObject({ bootstrapExpect: 3 });
    expect(config(words).ownServer).toMatchObject({ bootstrap: false, bootstrapExpect: 0 });
    expect(refusal([...words, "-bootstrap-expect=3", "-serf-lan-port=-1"])).toContain(
      "find each other by gossip",
    );
  });

  it("says when it does not know where the servers are", () => {
    expect(outcome(["-data-dir=/d"]).warnings.join()).toContain("no server to talk to yet");
    expect(outcome(["-data-dir=/d", "-retry-join=10.0.0.1"]).warnings).toEqual([]);
    expect(refusal(["-data-dir=/d", "-serf-lan-port=-1"])).toContain("no server to talk to");
    expect(config(["-dev", ...edge]).ownServer).toBe(null);
    expect(config(["-dev", ...edge])).toMatchObject({ dataDir: "", bindAddr: "127.0.0.1" });
  });
});
