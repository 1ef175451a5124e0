// One dialled connection to another server: asks for a challenge when there is a secret, upgrades, checks the proof of
// the other side, then hands over the socket. Everything in one time limit.

import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { Millis } from "../../../shared/base/brand.ts";
import { fail, ok, type Result } from "../../../shared/base/result.ts";
import { limits } from "../../../shared/limits.ts";
import { get } from "../node-http.ts";
import { encodeHello, greet, isProven, type PeerCredentials } from "./peer-proof.ts";

/** From the first packet to the open socket; a server on the next machine answers in a few milliseconds. */
const dialMillis: Millis = 2_000;
const answerBytesMax = 4_096;

/** `address` is "host:port". The socket that comes back is open; what is wrong comes back as one line. */
export async function dialPeer(
  address: string,
  to: string,
  credentials: PeerCredentials,
): Promise<Result<WebSocket, string>> {
  const until = Date.now() + dialMillis;
  let challenge = "";
  if (credentials.secrets().length > 0) {
    const asked = await askChallenge(address);
    if (!asked.ok) return asked;
    challenge = asked.value;
  }
  return upgrade(address, to, credentials, challenge, Math.max(1, until - Date.now()));
}

function askChallenge(address: string): Promise<Result<string, string>> {
  return new Promise((resolve) => {
    const request = get(`http://${address}/v1/peer`, { agent: false, timeout: dialMillis }, (response) => {
      void textOf(response).then((body) => {
        const challenge = challengeOf(body);
        resolve(challenge === null ? fail("it does not answer as a Legate server does") : ok(challenge));
      });
    });
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", (error) => resolve(fail(error.message)));
  });
}

function challengeOf(body: string): string | null {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null || !("challenge" in value)) return null;
    return typeof value.challenge === "string" && value.challenge.length < 512 ? value.challenge : null;
  } catch {
    return null;
  }
}

/** The beginning of a short answer. */
function textOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let body = "";
    response.on("data", (piece: Buffer) => {
      if (body.length < answerBytesMax) body += piece.toString();
      else response.destroy();
    });
    response.on("close", () => resolve(body.slice(0, answerBytesMax)));
    response.on("error", () => {});
  });
}

function upgrade(
  address: string,
  to: string,
  credentials: PeerCredentials,
  challenge: string,
  millis: Millis,
): Promise<Result<WebSocket, string>> {
  const hello = greet(credentials, to, challenge);
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://${address}/v1/peer`, {
      headers: { "Legate-Peer": encodeHello(hello) },
      perMessageDeflate: false,
      maxPayload: limits.peerFrameBytesMax,
      handshakeTimeout: millis,
    });
    let proof = "";
    const give = (why: string): void => {
      socket.on("error", () => {}); // the end of a socket that nobody wants any more
      socket.terminate();
      resolve(fail(why));
    };
    socket.on("upgrade", (response) => {
      proof = String(response.headers["legate-peer-proof"] ?? "");
    });
    socket.once("unexpected-response", (_request, response) => {
      void textOf(response).then((body) => give(body.trim() || `HTTP ${response.statusCode}`));
    });
    socket.once("error", (error) => give(error.message || error.name));
    socket.once("open", () => {
      if (!isProven(credentials, hello, proof)) return give("it does not know the gossip key");
      socket.removeAllListeners("error");
      resolve(ok(socket));
    });
  });
}
