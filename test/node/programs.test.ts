// Script, Docker and gRPC checks against real processes, a socket that speaks Docker's API, and real HTTP/2.

import { execFileSync } from "node:child_process";
import { createServer as createHttp } from "node:http";
import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { dockerExec } from "../../agent/runtime/docker-exec.ts";
import { grpcProbe } from "../../agent/runtime/grpc-probe.ts";
import { jobRunner } from "../../agent/runtime/job-runner.ts";
import { processRunner } from "../../agent/runtime/process-runner.ts";

const closers: (() => void)[] = [];
afterAll(() => {
  for (const close of closers) close();
});

describe("the process runner", () => {
  const sh = (script: string, timeout = 5_000, bytes = 4_096) =>
    processRunner.run(["sh", "-c", script], timeout, bytes);

  it("tells exit code and both outputs", async () => {
    expect(await sh("echo out; echo err >&2; exit 3")).toEqual({
      exitCode: 3,
      output: "out\nerr\n",
      outputBytes: 8,
      timedOut: false,
      error: "",
    });
    expect(await sh("kill -9 $$")).toMatchObject({ exitCode: null, error: "" });
  });

  it("keeps the end of a long output", async () => {
    const result = await sh("head -c 300000 /dev/zero | tr '\\0' x; echo end", 5_000, 10);
    expect(result).toMatchObject({ output: "xxxxxxend\n", outputBytes: 300_004 });
  });

  it("kills the whole process group when the time is over", async () => {
    const started = process.hrtime.bigint();
    const result = await sh("echo $$; sleep 61 & sleep 62", 200);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(3_000);
    expect(result.timedOut).toBe(true);
    const group = Number(result.output.trim());
    // What is left may wait as a zombie for whoever is its parent now.
    const alive = execFileSync("ps", ["-eo", "pgid=,stat="], { encoding: "utf8" })
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([pgid, stat = ""]) => Number(pgid) === group && !stat.startsWith("Z"));
    expect(alive).toEqual([]);
  });

  it("says in Go's words why a program cannot be run", async () => {
    const errorOf = async (program: string) => (await processRunner.run([program], 1_000, 10)).error;
    expect(await errorOf("/nonexistent")).toBe("fork/exec /nonexistent: no such file or directory");
    expect(await errorOf("no-such-command-here")).toBe(
      'exec: "no-such-command-here": executable file not found in $PATH',
    );
    expect(await errorOf("/etc/passwd")).toBe("fork/exec /etc/passwd: permission denied");
    expect(await errorOf("")).toBe("fork/exec : no such file or directory");
  });
});

function dockerSocket(exitCode: number, output: string): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), "legate-docker-")), "docker.sock");
  const server = createHttp((request, response) => {
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (request.url === "/containers/known/exec") json(201, { Id: "e1" });
    else if (request.url === "/exec/e1/json") json(200, { ExitCode: exitCode });
    else if (request.url === "/exec/e1/start") {
      const head = Buffer.alloc(8);
      head[0] = 1;
      head.writeUInt32BE(output.length, 4);
      response.writeHead(200);
      response.write(head.subarray(0, 3));
      response.end(Buffer.concat([head.subarray(3), Buffer.from(output)]));
    } else json(404, { message: "no such container" });
  });
  closers.push(() => server.close());
  return new Promise((resolve) => server.listen(path, () => resolve(path)));
}

describe("Docker", () => {
  it("runs the program in the container and tells its end", async () => {
    const docker = dockerExec(`unix://${await dockerSocket(1, "careful\n")}`);
    expect(await docker.run("known", ["sh", "-c", "x"], 2_000, 100)).toMatchObject({
      exitCode: 1,
      output: "careful\n",
      error: "",
    });
    expect((await docker.run("other", ["x"], 2_000, 100)).error).toBe(
      "create exec failed for unknown container other",
    );
  });

  it("that is not there is named", async () => {
    const { error } = await dockerExec("unix:///nonexistent.sock").run("abc", ["true"], 1_000, 10);
    expect(error).toBe(
      'create exec failed for container abc: Post "http://%2Fnonexistent.sock/containers/abc/exec": dial unix /nonexistent.sock: connect: no such file or directory',
    );
  });
});

function grpcServer(): Promise<number> {
  const server: Http2Server = createServer();
  server.on("stream", (stream) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const name = Buffer.concat(chunks).subarray(7).toString();
      if (name === "slow") return;
      if (name === "html") {
        stream.respond({ ":status": 404, "content-type": "text/html" });
        return void stream.end("no");
      }
      if (name === "missing") {
        const headers = {
          "content-type": "application/grpc",
          "grpc-status": "5",
          "grpc-message": "unknown service",
        };
        return stream.respond(headers, { endStream: true });
      }
      stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, name === "down" ? 2 : 1]));
    });
  });
  closers.push(() => server.close());
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
}

describe("the gRPC probe", () => {
  it("understands what health services answer", async () => {
    const port = await grpcServer();
    const ask = (service: string, useTls = false) =>
      grpcProbe.check({
        address: `127.0.0.1:${port}`,
        service,
        useTls,
        tlsSkipVerify: true,
        timeoutMillis: service === "slow" ? 150 : 3_000,
      });
    expect(await ask("")).toBe("");
    expect(await ask("web")).toBe("");
    expect(await ask("down")).toBe("gRPC application didn't report service healthy");
    expect(await ask("missing")).toBe("rpc error: code = NotFound desc = unknown service");
    expect(await ask("slow")).toBe("rpc error: code = DeadlineExceeded desc = context deadline exceeded");
    expect(await ask("html")).toBe(
      'rpc error: code = Unimplemented desc = Not Found: HTTP status code 404; transport: received the unexpected content-type "text/html"',
    );
    expect(await ask("", true)).toContain("rpc error: code = Unavailable desc = connection");
  });

  it("says why a server cannot be reached", async () => {
    const ask = (address: string) =>
      grpcProbe.check({ address, service: "", useTls: false, tlsSkipVerify: false, timeoutMillis: 2_000 });
    expect(await ask("127.0.0.1:1")).toBe(
      'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing dial tcp 127.0.0.1:1: connect: connection refused"',
    );
    expect(await ask("127.0.0.1")).toContain("missing port in address");
  });
});

describe("the job of a remote execution", () => {
  it("gives its output as it comes, and its exit code", async () => {
    let out = "";
    const add = (piece: Uint8Array) => {
      out += new TextDecoder().decode(piece);
    };
    const script = (text: string) => ({ script: new TextEncoder().encode(text) });
    expect(await jobRunner.run(script("echo one; echo two >&2; exit 5"), add)).toBe(5);
    expect(await jobRunner.run(script("#!/bin/cat\nthree\n"), add)).toBe(0);
    expect(await jobRunner.run({ args: ["/nonexistent"] }, add)).toBe(null);
    expect(out.split("\n").toSorted()).toEqual(["", "#!/bin/cat", "one", "three", "two"]);
  });
});
