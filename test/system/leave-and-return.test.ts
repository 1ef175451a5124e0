// Two servers that somebody joins by hand, as articles about Consul do it: the leader leaves and is thanked for it, the
// other goes on alone, and who left comes back with its vote. In Consul of that time this group was lost.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cli, eventually, freePort, type Running, scratch, startLegate } from "../support/legate-process.ts";

const directory = scratch("leave-and-return");
const hosts = { n1: "127.0.73.1", n2: "127.0.73.2" };
type Name = keyof typeof hosts;
const running = new Map<Name, Running>();
afterAll(async () => {
  await Promise.all([...running.values()].map((one) => one.stop("SIGKILL")));
  directory.remove();
});

it("a leader that leaves is answered, and comes back by a join", { timeout: 120_000 }, async () => {
  const [http, dns, lan, wan, server] = await Promise.all([1, 2, 3, 4, 5].map(() => freePort(hosts.n1)));
  const ports = [`-http-port=${http}`, `-dns-port=${dns}`, `-server-port=${server}`];
  const pools = [`-serf-lan-port=${lan}`, `-serf-wan-port=${wan}`];
  const start = (name: Name) => {
    const place = [
      `-bind=${hosts[name]}`,
      `-client=${hosts[name]}`,
      `-data-dir=${join(directory.path, name)}`,
    ];
    mkdirSync(join(directory.path, name), { recursive: true });
    const words = ["agent", "-server", "-bootstrap-expect=2", `-node=${name}`, ...place, ...ports, ...pools];
    running.set(name, startLegate(words));
    return answers(name);
  };
  const get = async (name: Name, path: string) =>
    (await fetch(`http://${hosts[name]}:${http}${path}`)).text();
  const command = (name: Name, ...words: string[]) =>
    cli(words, { CONSUL_HTTP_ADDR: `${hosts[name]}:${http}` });
  const answers = (name: Name) =>
    eventually(`${name} answers`, 20_000, () => get(name, "/v1/agent/self").catch(() => undefined));
  const leader = () =>
    eventually("a leader", 20_000, async () => {
      const address = JSON.parse(await get("n2", "/v1/status/leader")) as string;
      return (Object.keys(hosts) as Name[]).find((name) => address.startsWith(`${hosts[name]}:`));
    });

  await Promise.all([start("n1"), start("n2")]);
  const joined = { code: 0, stdout: "Successfully joined cluster by contacting 1 nodes.\n" };
  expect(await command("n1", "join", `${hosts.n2}:${lan}`)).toMatchObject(joined);
  const leaving = await leader();
  const staying = leaving === "n1" ? "n2" : "n1";
  const child = running.get(leaving)?.child;
  const ended = new Promise((resolve) => child?.once("exit", resolve));
  expect(await command(leaving, "leave")).toEqual({
    code: 0,
    stdout: "Graceful leave complete\n",
    stderr: "",
  });
  expect(await ended).toBe(0);

  await eventually("the other leads alone", 20_000, async () => {
    const { code } = await command(staying, "kv", "put", "kept", "x");
    return code === 0 ? true : undefined;
  });
  await start(leaving);
  expect(await command(staying, "join", `${hosts[leaving]}:${lan}`)).toMatchObject(joined);
  await eventually("both have a vote", 40_000, async () => {
    const { stdout } = await command(leaving, "operator", "raft", "list-peers");
    return stdout.split("\n").filter((line) => / true /.test(line)).length === 2 ? true : undefined;
  });
  expect((await command(leaving, "kv", "get", "kept")).stdout).toBe("x\n");
});
