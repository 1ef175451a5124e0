// The HTTP door over real sockets: what reaches the handler, what goes out, limits, aborted and broken requests.

import { request } from "node:http";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { type HttpListener, listenHttp } from "../../agent/runtime/http-listener.ts";
import type { DoorRequest } from "../../shared/api/door.ts";
import type { HttpReply } from "../../shared/api/http.ts";
import { errorMessage } from "../../shared/errors.ts";

const open: HttpListener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

async function serve(handle: (door: DoorRequest) => Promise<HttpReply>): Promise<number> {
  const listener = await listenHttp({ host: "127.0.0.1", port: 0, handle, log: () => {} });
  open.push(listener);
  return listener.port;
}

const text = (body: string, status = 200): HttpReply => ({
  status,
  headers: { "Content-Type": "text/plain", "X-Consul-Index": "1" },
  body,
});

type Got = { status: number; headers: Record<string, unknown>; body: Buffer };

function send(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {} } = options;
    const sent = request({ port, host: "127.0.0.1", path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on("error", reject);
    sent.end(options.body);
  });
}

/** Everything that comes back on a bare connection until it is closed. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let got = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => {
      got += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(got));
  });
}

describe("the HTTP door", () => {
  it("hands over method, raw path, raw query, headers and body, and writes the reply out", async () => {
    const port = await serve(async (door) => {
      const body = await door.body(100, "x");
      const read = body.ok ? new TextDecoder().decode(body.value) : "";
      return text([door.method, door.path, door.rawQuery, door.header("x-one"), read].join("|"));
    });
    const got = await send(port, "/v1/kv/a%2Fb//c?raw&x=%20", {
      method: "PUT",
      headers: { "X-One": "1" },
      body: "hello",
    });
    expect(got.body.toString()).toBe("PUT|/v1/kv/a%2Fb//c|raw&x=%20|1|hello");
    expect(got.headers).toMatchObject({
      vary: "Accept-Encoding",
      "x-consul-index": "1",
      "content-length": String(got.body.length),
    });
  });

  it("packs with gzip only when asked", async () => {
    const long = "x".repeat(100_000);
    const port = await serve(async (door) => text(door.path === "/long" ? long : "true"));
    for (const [path, expected] of [
      ["/long", long],
      ["/short", "true"],
    ] as const) {
      const packed = await send(port, path, { headers: { "Accept-Encoding": "deflate, gzip" } });
      expect(packed.headers["content-encoding"]).toBe("gzip");
      expect(gunzipSync(packed.body).toString()).toBe(expected);
      for (const accept of ["identity", "gzip;q=0"]) {
        const plain = await send(port, path, { headers: { "Accept-Encoding": accept } });
        expect([plain.headers["content-encoding"], plain.body.toString()]).toEqual([undefined, expected]);
      }
    }
  });

  it("refuses a body that is announced too long without reading it, and one that turns out so", async () => {
    const port = await serve(async (door) => {
      const body = await door.body(10, "kv_max_value_size");
      return body.ok
        ? text("read")
        : { ...text(errorMessage(body.error), 413), headers: { Connection: "close" } };
    });
    const announced = await send(port, "/", { method: "PUT", body: "x".repeat(11) });
    expect(announced.body.toString()).toMatch(/^Request body\(11 bytes\) too large, max size: 10 bytes\./);
    const large = await send(port, "/", { method: "PUT", body: "x".repeat(4 << 20) });
    expect(large.status).toBe(413);
    const chunked = `PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nxxxxxxxx\r\n8\r\nxxxxxxxx\r\n`;
    expect(await raw(port, chunked)).toMatch(/^HTTP\/1.1 413 /);
    expect((await send(port, "/", { method: "PUT", body: "x".repeat(10) })).body.toString()).toBe("read");
  });

  it("tells the handler when the client goes away", async () => {
    let gone: () => void = () => {};
    const aborted = new Promise<void>((resolve) => {
      gone = resolve;
    });
    let arrived: () => void = () => {};
    const started = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const port = await serve(async (door) => {
      door.cancellation.onAbort(gone);
      arrived();
      await aborted;
      return text(String(door.cancellation.aborted));
    });
    const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    await started;
    socket.destroy();
    await aborted;
  });

  it("does not call a finished request aborted", async () => {
    let calls = 0;
    const port = await serve(async (door) => {
      door.cancellation.onAbort(() => calls++);
      return text("ok");
    });
    await send(port, "/");
    await send(port, "/");
    expect(calls).toBe(0);
  });

  it("answers 400 to what is no HTTP and 431 to endless headers", async () => {
    const port = await serve(async () => text("ok"));
    expect(await raw(port, "nonsense\r\n\r\n")).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(await raw(port, `GET / HTTP/1.1\r\nX: ${"x".repeat(70_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
  });

  it("answers 500 without a stack trace when the handler throws", async () => {
    const port = await serve(async () => {
      throw new Error("secret detail");
    });
    const got = await send(port, "/");
    expect([got.status, got.body.toString()]).toEqual([500, "internal error"]);
  });

  it("takes a request without a body for an empty one, of whatever method", async () => {
    const port = await serve(async (door) => {
      const body = await door.body(10, "x");
      return text(`${door.method} ${body.ok ? body.value.length : "refused"}`);
    });
    const ask = (method: string) => raw(port, `${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(await Promise.all(["GET", "PUT", "DELETE"].map(ask))).toEqual([
      expect.stringContaining("GET 0"),
      expect.stringContaining("PUT 0"),
      expect.stringContaining("DELETE 0"),
    ]);
  });

  it("writes a reply that is there at once, and every character of it as UTF-8", async () => {
    const bodies = ["plain", "é", "ÿ€", "𝄞 and more", ""];
    const listener = await listenHttp({
      host: "127.0.0.1",
      port: 0,
      handle: (door) => text(bodies[Number(door.path.slice(1))] ?? ""),
      log: () => {},
    });
    open.push(listener);
    for (const [at, body] of bodies.entries()) {
      const got = await send(listener.port, `/${at}`);
      expect(got.body.toString()).toBe(body);
      expect(got.headers["content-length"]).toBe(String(Buffer.byteLength(body)));
    }
  });

  it("keeps connections, and closes at once though one is idle", async () => {
    const port = await serve(async () => text("ok"));
    const two = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const answers = raw(port, two + two.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    expect((await answers).match(/HTTP\/1.1 200/g)).toHaveLength(2);
    const idle = raw(port, two);
    await send(port, "/");
    await open.splice(0)[0]?.close();
    expect(await idle).toMatch(/200 OK/);
  });

  it("rejects when the port is taken", async () => {
    const port = await serve(async () => text("ok"));
    const second = listenHttp({ host: "127.0.0.1", port, handle: async () => text(""), log: () => {} });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("sends a body while it is made, and tells its maker when the client goes", async () => {
    let gone = false;
    const port = await serve(async () => ({
      status: 200,
      headers: { "Content-Type": "text/event-stream" },
      body: {
        async stream(push, cancellation) {
          await push("first ");
          await push(new TextEncoder().encode("second"));
          await new Promise<void>((resolve) => cancellation.onAbort(resolve));
          gone = true;
        },
      },
    }));
    const got = await new Promise<string>((resolve, reject) => {
      const sent = request({ port, host: "127.0.0.1", path: "/", agent: false }, (response) => {
        expect(response.headers["content-length"]).toBeUndefined();
        let seen = "";
        response.on("data", (chunk: Buffer) => {
          seen += chunk;
          if (seen === "first second") {
            sent.destroy();
            resolve(seen);
          }
        });
        response.on("error", () => {});
      });
      sent.on("error", reject);
      sent.end();
    });
    expect(got).toBe("first second");
    await expect.poll(() => gone).toBe(true);
  });

  it("waits for a slow client, and breaks off when the maker fails", async () => {
    const piece = new Uint8Array(1 << 20);
    let pushed = 0;
    const port = await serve(async () => ({
      status: 200,
      headers: {},
      body: {
        async stream(push) {
          for (; pushed < 32; pushed++) await push(piece);
          throw new Error("the disk is gone");
        },
      },
    }));
    const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    socket.pause();
    let bytes = 0;
    let tail = "";
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => {});
    await expect.poll(() => pushed).toBeGreaterThan(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(pushed).toBeLessThan(32);
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      tail = (tail + chunk.toString("latin1")).slice(-7);
    });
    socket.resume();
    await closed;
    expect(bytes).toBeGreaterThan(16 << 20);
    expect(tail).not.toBe("0\r\n\r\n");
  });
});
