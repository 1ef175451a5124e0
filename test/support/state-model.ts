// The state store as anyone would write it without SQL, indexes or watches: maps, and answers by going through all.
// The property test compares shared/state/ with it.

import { LockModel } from "./lock-model.ts";
import type { RpcReply } from "../../shared/rpc/methods.ts";
import type { ReadMethod } from "../../shared/state/reads.ts";
import type { CheckServiceNode, HealthCheck } from "../../shared/structs/check.ts";
import type { DirEntry, KvOperation } from "../../shared/structs/kv.ts";
import type { Node } from "../../shared/structs/node.ts";
import type { DeregisterRequest, RegisterRequest } from "../../shared/structs/registration.ts";
import type { NodeService } from "../../shared/structs/service.ts";

type Stored<T> = { value: T; node: string };
type Value<M extends ReadMethod> = RpcReply<M> extends { readonly value: infer T } ? T : never;

const same = (a: object, b: object) => {
  const strip = ({ CreateIndex: _c, ModifyIndex: _m, ...rest }: Partial<Node>) => JSON.stringify(rest);
  return strip(a) === strip(b);
};
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export class StateModel {
  readonly nodes = new Map<string, Node>();
  readonly services = new Map<string, Stored<NodeService>>();
  readonly checks = new Map<string, Stored<HealthCheck>>();
  readonly entries = new Map<string, DirEntry>();
  readonly locks = new LockModel(this);

  kv(index: number, operation: KvOperation, at = 0): boolean {
    const { key } = operation;
    const existing = this.entries.get(key);
    switch (operation.verb) {
      case "cas":
      case "set":
        if (operation.verb === "cas" && (existing?.ModifyIndex ?? 0) !== operation.modifyIndex) return false;
        this.locks.write(index, operation, 0, existing?.Session, at);
        return true;
      case "delete-cas":
        if (existing !== undefined && existing.ModifyIndex !== operation.modifyIndex) return false;
        this.entries.delete(key);
        return true;
      case "delete":
        this.entries.delete(key);
        return true;
      case "delete-tree":
        for (const other of [...this.entries.keys()]) if (other.startsWith(key)) this.entries.delete(other);
        return true;
    }
  }

  register(index: number, request: RegisterRequest, at = 0): boolean {
    this.locks.now = { index, at };
    const { Service: service, Node: name } = request;
    const orphan = (id: string) => id !== "" && id !== service?.ID && !this.services.has(`${name} ${id}`);
    const old = [...this.nodes.values()].find((node) => request.ID !== "" && node.ID === request.ID);
    if (request.Checks.some((check) => orphan(check.ServiceID))) return false;
    const named = this.nodes.get(name);
    const node = {
      ID: request.ID,
      Node: name,
      Address: request.Address,
      Datacenter: request.Datacenter,
      TaggedAddresses: request.TaggedAddresses,
      Meta: request.NodeMeta,
      CreateIndex: (old ?? named)?.CreateIndex ?? index,
      ModifyIndex: index,
    };
    if (named === undefined || !(request.SkipNodeUpdate || same(named, node))) {
      if (old !== undefined && old.Node !== name) this.removeNode(old.Node);
      this.nodes.set(name, node);
    }
    if (service !== null)
      this.putService(index, name, { ...service, CreateIndex: index, ModifyIndex: index });
    for (const check of request.Checks) {
      const owner = this.services.get(`${name} ${check.ServiceID}`)?.value;
      const { Type, Definition, ...head } = check;
      this.putCheck(name, {
        ...head,
        Node: name,
        ServiceName: owner?.Service ?? "",
        ServiceTags: owner?.Tags ?? [],
        Type,
        Definition,
        CreateIndex: index,
        ModifyIndex: index,
      });
    }
    return true;
  }

  /** `index`: of the entry, for what its sessions leave behind. */
  deregister(request: DeregisterRequest, index = 0, at = 0): void {
    this.locks.now = { index, at };
    const { Node: name, ServiceID, CheckID } = request;
    if (ServiceID !== "") {
      if (this.services.delete(`${name} ${ServiceID}`)) {
        for (const check of [...this.checks.values()]) {
          if (check.node === name && check.value.ServiceID === ServiceID)
            this.removeCheck(name, check.value.CheckID);
        }
      }
    } else if (CheckID !== "") this.removeCheck(name, CheckID);
    else this.removeNode(name);
  }

  private removeCheck(node: string, id: string): void {
    if (this.checks.delete(`${node} ${id}`)) this.locks.endOf(node, id);
  }

  private removeNode(name: string): void {
    this.nodes.delete(name);
    this.locks.endOf(name, null);
    for (const rows of [this.services, this.checks]) {
      for (const [key, row] of [...rows]) if (row.node === name) rows.delete(key);
    }
  }

  private putService(index: number, node: string, service: NodeService): void {
    const key = `${node} ${service.ID}`;
    const existing = this.services.get(key)?.value;
    if (existing !== undefined && same(existing, service)) return;
    this.services.set(key, { node, value: { ...service, CreateIndex: existing?.CreateIndex ?? index } });
    for (const { node: on, value: check } of [...this.checks.values()]) {
      if (on !== node || check.ServiceID !== service.ID) continue;
      const next = { ...check, ServiceName: service.Service, ServiceTags: service.Tags, ModifyIndex: index };
      this.putCheck(node, next);
    }
  }

  private putCheck(node: string, check: HealthCheck): void {
    const key = `${node} ${check.CheckID}`;
    const existing = this.checks.get(key)?.value;
    if (existing !== undefined && same(existing, check)) return;
    if (check.Status === "critical") this.locks.endOf(node, check.CheckID);
    this.checks.set(key, {
      node,
      value: { ...check, CreateIndex: existing?.CreateIndex ?? check.CreateIndex },
    });
  }

  private nodeList(meta: Readonly<Record<string, string>>): Node[] {
    const all = [...this.nodes.values()].sort((a, b) => byBytes(a.Node, b.Node));
    return all.filter((node) => Object.entries(meta).every(([key, value]) => node.Meta?.[key] === value));
  }

  private servicesOf(node: string): NodeService[] {
    const all = [...this.services.values()].filter((row) => row.node === node).map((row) => row.value);
    return all.sort((a, b) => byBytes(a.ID, b.ID));
  }

  private checksOf(node: string): HealthCheck[] {
    const all = [...this.checks.values()].filter((row) => row.node === node).map((row) => row.value);
    return all.sort((a, b) => byBytes(a.CheckID, b.CheckID));
  }

  private instances(name: string, tags: readonly string[], meta: Record<string, string>): CheckServiceNode[] {
    return this.nodeList(meta).flatMap((node) =>
      this.servicesOf(node.Node)
        .filter((one) => one.Service === name && tags.every((tag) => one.Tags.includes(tag)))
        .map((one) => {
          const checks = this.checksOf(node.Node);
          const own = checks.filter((check) => check.ServiceID === one.ID);
          return { Node: node, Service: one, Checks: [...checks.filter((c) => c.ServiceID === ""), ...own] };
        }),
    );
  }

  /** What each read must answer. `request` is that of the read, loosely typed. */
  answer(method: ReadMethod, request: Record<string, never>): unknown {
    const { node, service, tags, nodeMeta, state, key, prefix, separator, passingOnly } = request;
    const below = () =>
      [...this.entries.values()]
        .filter((entry) => entry.Key.startsWith(prefix ?? ""))
        .sort((a, b) => byBytes(a.Key, b.Key));
    switch (method) {
      case "Catalog.ListNodes":
        return this.nodeList(nodeMeta ?? {});
      case "Catalog.ListServices": {
        const found: Record<string, string[]> = {};
        for (const { Node: name } of this.nodeList(nodeMeta ?? {})) {
          for (const one of this.servicesOf(name)) {
            found[one.Service] = [...new Set([...(found[one.Service] ?? []), ...one.Tags])].sort();
          }
        }
        return found satisfies Value<"Catalog.ListServices">;
      }
      case "Catalog.NodeServices": {
        const one = this.nodes.get(node ?? "");
        if (one === undefined) return null;
        return { Node: one, Services: Object.fromEntries(this.servicesOf(one.Node).map((s) => [s.ID, s])) };
      }
      case "Catalog.ServiceNodes":
        return this.instances(service ?? "", tags ?? [], nodeMeta ?? {}).map((row) => [
          row.Node.Node,
          row.Node.Address,
          row.Service.ID,
          row.Service.ModifyIndex,
        ]);
      case "Health.NodeChecks":
        return this.checksOf(node ?? "");
      case "Health.ServiceChecks":
        return this.nodeList(nodeMeta ?? {}).flatMap((one) =>
          this.checksOf(one.Node).filter((check) => check.ServiceName === service && check.ServiceID !== ""),
        );
      case "Health.ChecksInState":
        return this.nodeList(nodeMeta ?? {}).flatMap((one) =>
          this.checksOf(one.Node).filter((check) => state === "any" || check.Status === state),
        );
      case "Health.ServiceNodes":
        return this.instances(service ?? "", tags ?? [], nodeMeta ?? {}).filter(
          (row) => !passingOnly || row.Checks.every((check) => check.Status === "passing"),
        );
      case "Session.List":
        return this.locks.list(() => true);
      case "Session.Get":
        return this.locks.list((session) => session.ID === request.id);
      case "Session.NodeSessions":
        return this.locks.list((session) => session.Node === node);
      case "KVS.Get":
        return this.entries.get(key ?? "") ?? null;
      case "KVS.List":
        return below();
      case "KVS.ListKeys": {
        const fold = (name: string) => {
          const at = separator ? name.indexOf(separator, (prefix ?? "").length) : -1;
          return at < 0 ? name : name.slice(0, at + 1);
        };
        return [...new Set(below().map((entry) => fold(entry.Key)))];
      }
    }
  }
}
