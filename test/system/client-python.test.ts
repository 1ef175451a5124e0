// Debian's python3-consul, unchanged, drives `agent -dev` through all that it can do.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DevAgent, startDevAgent } from "../support/dev-agent.ts";
import { has } from "../support/legate-process.ts";

const run = promisify(execFile);
// Debian packages are for Debian's own Python, which need not be the first on the path.
const python = (await has("/usr/bin/python3")) ? "/usr/bin/python3" : "python3";

const script = `
import base64, json, sys, threading, time
import consul

c = consul.Consul(host="127.0.0.1", port=int(sys.argv[1]))

# This client is older than the rule that checks are reported and services deregistered by PUT.
def put(path, **params):
    return c.http.put(consul.base.CB.bool(), path, params=params)

assert c.status.leader().endswith('"') or ":" in c.status.leader()
assert len(c.status.peers()) == 1

# keys: write, read, list, check-and-set, blocking, delete
assert c.kv.put("app/a", "one") is True
index, entry = c.kv.get("app/a")
assert entry["Value"] == b"one" and entry["Flags"] == 0, entry
assert c.kv.put("app/a", "two", cas=entry["ModifyIndex"]) is True
assert c.kv.put("app/a", "three", cas=entry["ModifyIndex"]) is False
assert c.kv.put("app/b", "x", flags=2 ** 64 - 1) is True
assert c.kv.get("app/b")[1]["Flags"] == 2 ** 64 - 1
assert [row["Key"] for row in c.kv.get("app/", recurse=True)[1]] == ["app/a", "app/b"]
assert c.kv.get("app/", keys=True)[1] == ["app/a", "app/b"]
assert c.kv.get("none")[1] is None
index = c.kv.get("app/a")[0]
threading.Timer(0.3, lambda: consul.Consul(port=int(sys.argv[1])).kv.put("app/a", "later")).start()
began = time.time()
index2, entry = c.kv.get("app/a", index=index, wait="8s")
assert entry["Value"] == b"later" and index2 > index and time.time() - began < 5, (entry, index, index2)
assert c.kv.delete("app/", recurse=True) is True
assert c.kv.get("app/", recurse=True)[1] is None

# services, checks, health, maintenance
assert c.agent.service.register("web", service_id="web-1", port=80, tags=["v1"], check=consul.Check.ttl("30s"))
assert "web-1" in c.agent.services()
assert put("/v1/agent/check/pass/service:web-1", note="fine")
for _ in range(100):
    rows = c.health.service("web", passing=True)[1]
    if rows: break
    time.sleep(0.05)
assert rows[0]["Service"]["Port"] == 80 and rows[0]["Service"]["Tags"] == ["v1"], rows
assert c.health.service("web", tag="v2")[1] == []
assert [check["CheckID"] for check in c.health.checks("web")[1]] == ["service:web-1"]
assert put("/v1/agent/check/fail/service:web-1", note="broken")
for _ in range(100):
    if not c.health.service("web", passing=True)[1]: break
    time.sleep(0.05)
assert c.health.state("critical")[1][0]["Output"] == "broken"
assert c.catalog.services()[1]["web"] == ["v1"]
assert c.catalog.service("web")[1][0]["ServiceID"] == "web-1"
assert put("/v1/agent/service/deregister/web-1")
assert c.agent.members()[0]["Name"] == c.agent.self()["Config"]["NodeName"]

# the catalog from outside
assert c.catalog.register("outside", "10.0.0.9", service={"Service": "db", "Port": 5432})
assert any(node["Node"] == "outside" for node in c.catalog.nodes()[1])
assert c.catalog.node("outside")[1]["Services"]["db"]["Port"] == 5432
assert c.catalog.datacenters() == ["dc1"]

# sessions and locks
session = c.session.create(name="lock", ttl=10, lock_delay=0)
assert c.kv.put("lock", "me", acquire=session) is True
other = c.session.create(name="other", lock_delay=0)
assert c.kv.put("lock", "you", acquire=other) is False
assert c.kv.get("lock")[1]["Session"] == session
assert c.session.renew(session)["ID"] == session
assert c.kv.put("lock", "me", release=session) is True
assert c.session.info(session)[1]["Name"] == "lock"
assert session in [row["ID"] for row in c.session.list()[1]]
assert c.session.destroy(session) and c.session.destroy(other)

# events
fired = c.event.fire("deploy", "1.2.3")
for _ in range(100):
    events = c.event.list("deploy")[1]
    if events: break
    time.sleep(0.05)
assert events[0]["ID"] == fired["ID"] and events[0]["Payload"] == b"1.2.3", events

# prepared queries
made = c.query.create("db", name="find-db")
assert c.query.get(made["ID"])[0]["Name"] == "find-db"
assert c.query.execute("find-db")["Nodes"][0]["Service"]["Port"] == 5432
assert c.query.explain("find-db")["Query"]["Service"]["Service"] == "db"
assert c.query.delete(made["ID"])

# transactions and coordinates, where this version of the client has them
if hasattr(c, "txn"):
    value = base64.b64encode(b"t").decode()
    done = c.txn.put([{"KV": {"Verb": "set", "Key": "t", "Value": value}}])
    assert done["Results"][0]["KV"]["Key"] == "t", done
assert c.coordinate.datacenters()[0]["Datacenter"] == "dc1"
c.coordinate.nodes()

assert c.catalog.deregister("outside")
print("all done")
`;

const reason = (await has(python))
  ? await run(python, ["-c", "import consul"]).then(
      () => "",
      () => "no python3-consul: apt-get install python3-consul",
    )
  : "no python3";
if (reason !== "") console.log(`client-python: skipped (${reason})`);

describe.skipIf(reason !== "")("Debian's python3-consul", () => {
  let agent: DevAgent;
  beforeAll(async () => {
    agent = await startDevAgent();
  }, 30_000);
  afterAll(() => agent.stop());

  it("finds its Consul", async () => {
    const { stdout } = await run(python, ["-W", "ignore", "-c", script, String(agent.port)]);
    expect(stdout.trim()).toBe("all done");
  }, 60_000);
});
