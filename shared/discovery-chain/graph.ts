// The nodes of a chain as a graph: circles, splitters behind splitters, and what is left when those are merged.

import type { ChainNode, SplitterNode } from "../structs/discovery-chain.ts";

function nextOf(node: ChainNode): readonly string[] {
  if (node.Type === "router") return node.Routes.map((route) => route.NextNode);
  return node.Type === "splitter" ? node.Splits.map((split) => split.NextNode) : [];
}

/** The first way that leads back to where it was, or null. */
export function circle(nodes: ReadonlyMap<string, ChainNode>, start: string): readonly string[] | null {
  const path: string[] = [];
  const done = new Set<string>();
  const visit = (key: string): readonly string[] | null => {
    const at = path.indexOf(key);
    if (at >= 0) return [...path.slice(at), key];
    const node = nodes.get(key);
    if (node === undefined || done.has(key)) return null;
    path.push(key);
    for (const next of nextOf(node)) {
      const found = visit(next);
      if (found !== null) return found;
    }
    path.pop();
    done.add(key);
    return null;
  };
  return visit(start);
}

/** A splitter that leads to a splitter takes over its splits, their weights as shares of its own. No circles here. */
export function flattenSplitters(nodes: Map<string, ChainNode>): void {
  const flat = (splitter: SplitterNode): SplitterNode["Splits"] =>
    splitter.Splits.flatMap((split) => {
      const next = nodes.get(split.NextNode);
      if (next?.Type !== "splitter") return [split];
      return flat(next).map((inner) => ({
        Weight: Math.round(split.Weight * inner.Weight) / 100,
        NextNode: inner.NextNode,
      }));
    });
  for (const [key, node] of nodes) {
    if (node.Type === "splitter") nodes.set(key, { ...node, Splits: flat(node) });
  }
}

/** The nodes that can be reached. */
export function reachableNodes(
  nodes: ReadonlyMap<string, ChainNode>,
  start: string,
): ReadonlyMap<string, ChainNode> {
  const reached = new Map<string, ChainNode>();
  const open = [start];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const node = nodes.get(key);
    if (node === undefined || reached.has(key)) continue;
    reached.set(key, node);
    open.push(...nextOf(node));
  }
  return reached;
}
