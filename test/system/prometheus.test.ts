// Debian's prometheus with consul_sd: a target appears with its service and goes when its check fails. Debian builds
// newer ones without Consul; .ci/reference-consul fetches one that has it.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DevAgent, startDevAgent } from "../support/dev-agent.ts";
import { eventually, freePort, type Running, scratch, watch } from "../support/legate-process.ts";

const candidates = [
  process.env.PROMETHEUS ?? "",
  "/var/tmp/legate-reference/prometheus/usr/bin/prometheus",
  "/usr/bin/prometheus",
];
const program = candidates.find((path) => existsSync(path) && knowsConsul(path));
if (program === undefined) {
  console.log(
    "prometheus: skipped (no prometheus with consul_sd: .ci/reference-consul prometheus fetches one)",
  );
}

function knowsConsul(path: string): boolean {
  return readFileSync(path).includes("__meta_consul_service");
}

type Target = {
  readonly scrapeUrl: string;
  readonly health: string;
  readonly labels: Readonly<Record<string, string>>;
};

describe.skipIf(program === undefined)("Prometheus' consul_sd", () => {
  const directory = scratch("prometheus");
  const metrics = createServer((_, response) => response.end("up_and_running 1\n"));
  let agent: DevAgent;
  let prometheus: Running;
  let port = 0;
  let target = 0;

  beforeAll(async () => {
    agent = await startDevAgent();
    port = await freePort();
    await new Promise<void>((resolve) => metrics.listen(0, "127.0.0.1", resolve));
    const address = metrics.address();
    target = typeof address === "object" && address !== null ? address.port : 0;
    const config = `
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: consul
    consul_sd_configs:
      - { server: "127.0.0.1:${agent.port}", services: [web], refresh_interval: 1s }
    relabel_configs:
      - { source_labels: [__meta_consul_service_metadata_team], target_label: team }
      - { source_labels: [__meta_consul_health], target_label: health }
      - { source_labels: [__meta_consul_tags], target_label: tags }
      - { source_labels: [__meta_consul_health], regex: critical, action: drop }
`;
    const file = join(directory.path, "prometheus.yml");
    writeFileSync(file, config);
    const options = [
      `--config.file=${file}`,
      `--web.listen-address=127.0.0.1:${port}`,
      `--storage.tsdb.path=${join(directory.path, "data")}`,
    ];
    prometheus = watch(spawn(program ?? "", options, { stdio: ["ignore", "pipe", "pipe"] }));
  }, 60_000);

  afterAll(async () => {
    await prometheus?.stop("SIGKILL");
    await agent?.stop();
    metrics.close();
    directory.remove();
  });

  async function targets(): Promise<readonly Target[]> {
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/targets?state=active`).catch(() => null);
    if (reply === null || !reply.ok) return [];
    const { data } = (await reply.json()) as { data: { activeTargets: readonly Target[] } };
    return data.activeTargets;
  }

  it("finds a target when it registers, scrapes it, and loses it with its check", async () => {
    await agent.json("/v1/status/leader");
    const body = {
      Name: "web",
      ID: "web-1",
      Address: "127.0.0.1",
      Port: target,
      Tags: ["v1"],
      Meta: { team: "blue" },
      Check: { TTL: "60s", Status: "passing" },
    };
    const registered = await fetch(`${agent.url}/v1/agent/service/register`, {
      method: "PUT",
      body: JSON.stringify(body),
    });
    expect(registered.status).toBe(200);
    const found = await eventually("the target is scraped", 30_000, async () =>
      (await targets()).find((one) => one.health === "up"),
    );
    expect(found.scrapeUrl).toBe(`http://127.0.0.1:${target}/metrics`);
    expect(found.labels).toMatchObject({ team: "blue", health: "passing", tags: ",v1," });

    await fetch(`${agent.url}/v1/agent/check/fail/service:web-1`, { method: "PUT" });
    await eventually("the target is gone", 30_000, async () =>
      (await targets()).length === 0 ? true : undefined,
    );
    await fetch(`${agent.url}/v1/agent/check/pass/service:web-1`, { method: "PUT" });
    await eventually("the target is back", 30_000, async () =>
      (await targets()).length === 1 ? true : undefined,
    );
    await fetch(`${agent.url}/v1/agent/service/deregister/web-1`, { method: "PUT" });
    await eventually("the target went with its service", 30_000, async () =>
      (await targets()).length === 0 ? true : undefined,
    );
  }, 120_000);
});
