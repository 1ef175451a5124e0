// Agents on links: they say hello, register a service, read and write keys and wait for changes through the link, ask
// again after a reset, and connect anew when the link breaks. At the end the catalog must show those that are linked.

import type { Result } from "../../shared/base/result.ts";
import { fail, ok } from "../../shared/base/result.ts";
import { type ServerError, serverError } from "../../shared/errors.ts";
import type { LinkMessage } from "../../shared/rpc/frames.ts";
import type { RpcMethod, RpcRequest } from "../../shared/rpc/methods.ts";
import type { CheckRegistration } from "../../shared/structs/registration.ts";
import { helloOf, nodeIdOf } from "../support/fake-link.ts";
import type { Cluster, World } from "./cluster.ts";
import { type Connection, connect } from "./link.ts";

export type Answer = Result<unknown, ServerError>;

export type Agent = {
  readonly name: string;
  /** Which server it is linked to, "" when to none. */
  server(): string;
  /** Through the link; a link that breaks answers "timeout", for nobody knows. */
  call<M extends RpcMethod>(method: M, request: RpcRequest<M>, giveUpMillis: number): Promise<Answer>;
  /** It takes back all that it waits for, and stays linked. */
  rest(): void;
};

type InFlight = {
  readonly method: RpcMethod;
  readonly request: unknown;
  readonly settle: (answer: Answer) => void;
};

/** An agent that connects now, and again whenever it must. */
export function createAgent(world: World, cluster: Cluster, name: string): Agent {
  const { clock, dice, trace } = world;
  const inFlight = new Map<number, InFlight>();
  let connection: Connection | null = null;
  let isWelcome = false;
  let nextId = 1;

  const say = (message: LinkMessage): void => connection?.send(JSON.stringify([message]));

  const dial = (): void => {
    isWelcome = false;
    const dialled = connect(world, cluster, name, dice.pick(cluster.nodes), {
      frame: (text) => connection === dialled && receive(text),
      closed() {
        if (connection !== dialled) return;
        for (const [id, { settle }] of inFlight) {
          inFlight.delete(id);
          settle(fail(serverError("timeout", name)));
        }
        clock.after(dice.between(100, 3_000), dial);
      },
    });
    connection = dialled;
    say(helloOf(name));
  };

  const receive = (text: string): void => {
    for (const message of JSON.parse(text) as LinkMessage[]) {
      trace.text(message.t);
      if (message.t === "welcome") welcome();
      else if (message.t === "reset") askAgain(message.hello === true);
      else if (message.t === "reply") settle(message.id, ok(message.value));
      else if (message.t === "error") settle(message.id, fail(message.error));
    }
  };

  const settle = (id: number, answer: Answer): void => {
    const waiting = inFlight.get(id);
    inFlight.delete(id);
    waiting?.settle(answer);
  };

  const askAgain = (withHello: boolean): void => {
    if (!isWelcome || withHello) say(helloOf(name));
    for (const [id, { method, request }] of inFlight) say({ t: "request", id, method, request, again: true });
  };

  const welcome = (): void => {
    if (isWelcome) return;
    isWelcome = true;
    register(name).catch(cluster.fail);
  };

  const register = async (node: string): Promise<void> => {
    const registration = {
      Datacenter: "",
      ID: nodeIdOf(node),
      Node: node,
      Address: "10.0.0.1",
      TaggedAddresses: { lan: "10.0.0.1" },
      NodeMeta: {},
      Service: null,
      Checks: [checkOf(node)],
      SkipNodeUpdate: false,
    };
    while (isWelcome && connection?.isOpen() === true) {
      const answer = await agent.call("Catalog.Register", { token: "", registration }, 20_000);
      if (answer.ok) return;
      await new Promise<void>((resolve) => clock.after(1_000, resolve));
    }
  };

  const agent: Agent = {
    name,
    server: () => (connection?.isOpen() === true && isWelcome ? connection.node.id : ""),
    call(method, request, giveUpMillis) {
      if (connection?.isOpen() !== true || !isWelcome) {
        return Promise.resolve(fail(serverError("noServers", name)));
      }
      return new Promise((resolve) => {
        const id = nextId;
        nextId += 1;
        inFlight.set(id, { method, request, settle: resolve });
        say({ t: "request", id, method, request });
        clock.after(giveUpMillis, () => {
          if (!inFlight.delete(id)) return;
          say({ t: "cancel", id });
          resolve(fail(serverError("timeout", name)));
        });
      });
    },
    rest() {
      for (const [id, { settle: give }] of inFlight) {
        inFlight.delete(id);
        say({ t: "cancel", id });
        give(fail(serverError("timeout", name)));
      }
    },
  };
  clock.after(dice.between(0, 1_000), dial);
  return agent;
}

function checkOf(node: string): CheckRegistration {
  return {
    Node: node,
    CheckID: "app",
    Name: "app",
    Status: "passing",
    Notes: "",
    Output: "",
    ServiceID: "",
    Type: "",
    Definition: {},
  };
}
