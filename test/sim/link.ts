// The connection of an agent to a server: in order, both ways, until it breaks. It outlives the server's memory (the
// runtime holds it while an object sleeps), but not its process.

import type { AgentLink } from "../../worker/server/ports.ts";
import type { Cluster, World } from "./cluster.ts";
import type { ServerNode } from "./server-node.ts";

export type AgentEnd = {
  frame(text: string): void;
  /** It broke, or the server hung up. */
  closed(reason: string): void;
};

export type Connection = {
  readonly node: ServerNode;
  send(frame: string): void;
  /** The agent hangs up. */
  close(): void;
  isOpen(): boolean;
};

/** Connects; the server is woken by it. */
export function connect(
  world: World,
  cluster: Cluster,
  name: string,
  node: ServerNode,
  agent: AgentEnd,
): Connection {
  const { clock, dice } = world;
  const { network } = cluster;
  let open = true;
  let kept: unknown = null;
  const lastArrival = { up: 0, down: 0 };

  const breakOff = (reason: string): void => {
    if (!open) return;
    open = false;
    const at = node.links.indexOf(link);
    if (at !== -1) node.links.splice(at, 1);
    node.peek()?.linkClosed(link, reason);
    clock.after(dice.between(1, 200), () => agent.closed(reason));
  };

  /** A connection repeats what is lost, until it takes too long. */
  const carry = (way: "up" | "down", arrive: () => void): void => {
    const isCut = way === "up" ? network.isCut(name, node.id) : network.isCut(node.id, name);
    if (isCut || dice.chance(network.faults.loss / 10)) {
      breakOff("connection reset");
      return;
    }
    const at = Math.max(lastArrival[way], clock.now() + dice.between(1, network.faults.delayMillisMax));
    lastArrival[way] = at;
    clock.after(at - clock.now(), () => open && arrive());
  };

  const link: AgentLink = {
    id: `${name}-${clock.now()}`,
    send: (frame) => carry("down", () => agent.frame(frame)),
    close: breakOff,
    attachment: () => kept,
    attach(value) {
      kept = JSON.parse(JSON.stringify(value));
    },
    lastSeen: () => clock.now(),
  };

  if (node.isUp()) {
    node.links.push(link);
    node.life()?.use((server) => server.linkOpened(node.linkOf(link)));
  } else {
    open = false;
    clock.after(100, () => agent.closed("connection refused"));
  }

  return {
    node,
    isOpen: () => open,
    close: () => breakOff("the agent hung up"),
    send: (frame) =>
      open &&
      carry("up", () => void node.life()?.use((server) => server.linkFrame(node.linkOf(link), frame))),
  };
}
