// HTTP and TCP probes against real sockets; the error texts are those of Go, which Consul shows.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpProbe } from "../../agent/runtime/http-probe.ts";
import { tcpProbe } from "../../agent/runtime/tcp-probe.ts";
import { freePort } from "../support/legate-process.ts";

let server: Server;
let base: string;
const seen: IncomingMessage[] = [];

function answer(request: IncomingMessage, response: ServerResponse): void {
  seen.push(request);
  if (request.url === "/moved") response.writeHead(302, { Location: "/ok" }).end();
  else if (request.url === "/loop") response.writeHead(302, { Location: "/loop" }).end();
  else if (request.url === "/never") return;
  else if (request.url === "/cut") response.destroy();
  else if (request.url === "/long") response.end("x".repeat(100_000));
  else if (request.url === "/busy") response.writeHead(429).end("slow down");
  else request.pipe(response);
}

beforeAll(async () => {
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function probe(url: string, changes: Partial<Parameters<typeof httpProbe.probe>[0]> = {}) {
  return httpProbe.probe({
    url,
    method: "GET",
    headers: {},
    body: "",
    timeoutMillis: 5_000,
    tlsSkipVerify: false,
    bodyBytesMax: 4_096,
    ...changes,
  });
}

describe("the HTTP probe", () => {
  it("sends Consul's headers unless others are given, keeps no connection, and brings the reply back", async () => {
    const result = await probe(`${base}/ok`, {
      method: "POST",
      body: "ping",
      headers: { "X-A": ["1", "2"] },
    });
    expect(result).toEqual({ ok: true, status: 200, statusText: "OK", body: "ping", error: "" });
    const { headers } = seen.at(-1)!;
    expect(headers).toMatchObject({
      "user-agent": "Consul Health Check",
      accept: "text/plain, text/*, */*",
      "x-a": "1, 2",
      connection: "close",
    });
    await probe(`${base}/ok`, { headers: { "user-agent": ["mine"] } });
    expect(seen.at(-1)!.headers["user-agent"]).toBe("mine");
  });

  it("follows redirects, though not for ever", async () => {
    expect((await probe(`${base}/moved`)).status).toBe(200);
    const loop = await probe(`${base}/loop`);
    expect(loop.error).toBe(`Get "/loop": stopped after 10 redirects`);
  });

  it("cuts the body and knows other statuses", async () => {
    expect((await probe(`${base}/long`, { bodyBytesMax: 10 })).body).toBe("x".repeat(10));
    expect(await probe(`${base}/busy`)).toMatchObject({ status: 429, statusText: "Too Many Requests" });
  });

  it("says in Go's words what went wrong", async () => {
    const port = await freePort();
    const refused = `http://127.0.0.1:${port}/`;
    expect((await probe(refused)).error).toBe(
      `Get "${refused}": dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
    expect((await probe(`${base}/never`, { timeoutMillis: 50 })).error).toBe(
      `Get "${base}/never": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    );
    expect((await probe(`${base}/cut`)).error).toBe(`Get "${base}/cut": EOF`);
    expect((await probe("http://[bad")).ok).toBe(false);
    expect((await probe("ftp://127.0.0.1/")).error).toBe(
      'Get "ftp://127.0.0.1/": unsupported protocol scheme "ftp"',
    );
  });
});

describe("the TCP probe", () => {
  it("answers nothing on success and Go's text otherwise", async () => {
    const listener = createTcp((socket) => socket.end());
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const { port } = listener.address() as AddressInfo;
    expect(await tcpProbe.connect(`127.0.0.1:${port}`, 2_000)).toBe("");
    expect(await tcpProbe.connect(`localhost:${port}`, 2_000)).toBe("");
    await new Promise((resolve) => listener.close(resolve));
    expect(await tcpProbe.connect(`127.0.0.1:${port}`, 2_000)).toBe(
      `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    );
    expect(await tcpProbe.connect("127.0.0.1", 2_000)).toBe(
      "dial tcp: address 127.0.0.1: missing port in address",
    );
  });
});
