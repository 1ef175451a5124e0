// What the agent says when it is up: what runs where, and what to try first.

import type { ListenAddress, RuntimeConfig } from "../config/runtime-config.ts";
import { hostPort } from "./network-errors.ts";

/** A listener on every address is reached on loopback. */
function reachable(address: ListenAddress): ListenAddress {
  const everywhere: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  return { host: everywhere[address.host] ?? address.host, port: address.port };
}

function serversText(config: RuntimeConfig): string {
  if (config.ownServer !== null)
    return `in this process, ${config.dataDir === "" ? "in memory" : "on disk"}, without Cloudflare`;
  return config.edgeUrls.length === 0 ? "none configured" : config.edgeUrls.join(", ");
}

/** The lines, `http` and `dns` being what was really opened, `program` the command line as one can type it here. */
export function startBanner(
  program: string,
  config: RuntimeConfig,
  http: readonly ListenAddress[],
  dns: readonly ListenAddress[],
): string {
  const list = (addresses: readonly ListenAddress[], scheme: string) =>
    addresses.length === 0
      ? "off"
      : addresses
          .map((one) =>
            one.socket === undefined ? `${scheme}${hostPort(one.host, one.port)}` : `unix://${one.socket}`,
          )
          .join(", ");
  const lines = [
    "==> Legate agent running!",
    `       Node name: '${config.nodeName}'`,
    `      Datacenter: '${config.datacenter}'`,
    `         Servers: ${serversText(config)}`,
    `            HTTP: ${list(http, "http://")}`,
    `             DNS: ${list(dns, "")} (udp and tcp)`,
    `        Data dir: ${config.dataDir === "" ? "none, nothing is kept" : config.dataDir}`,
    "",
    "    Try:",
  ];
  const [firstHttp, firstDns] = [http.find((at) => at.socket === undefined), dns[0]];
  if (firstHttp !== undefined) {
    const { host, port } = reachable(firstHttp);
    const other = host === "127.0.0.1" && port === 8500 ? "" : ` -http-addr=${hostPort(host, port)}`;
    lines.push(
      `      curl http://${hostPort(host, port)}/v1/catalog/nodes`,
      `      ${program} members${other}`,
    );
  }
  if (firstDns !== undefined) {
    const { host, port } = reachable(firstDns);
    const domain = config.domain.replace(/\.$/, "");
    lines.push(`      dig @${host} -p ${port} ${config.nodeName}.node.${domain}`);
  }
  return `${[...lines, "", "==> Log data will now stream in, as it occurs:", ""].join("\n")}\n`;
}
