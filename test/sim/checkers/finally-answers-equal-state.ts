// What a server answers is what its state says, whatever it keeps in memory to answer faster: stale reads of every
// directory, and of keys that are and are not there, on every server of the group.

import { stateReads } from "../../../shared/state/reads.ts";
import type { QueryOptions } from "../../../shared/structs/query.ts";
import { memorySql } from "../../support/memory-sql.ts";
import type { Cluster } from "../cluster.ts";

const options: QueryOptions = {
  datacenter: "",
  token: "",
  consistency: "stale",
  minIndex: 0,
  waitMillis: 0,
};

/** Called when all servers have applied everything; `keys` are some that clients used. */
export async function checkAnswersEqualState(
  cluster: Cluster,
  keys: readonly string[],
  prefixes: readonly string[],
): Promise<void> {
  const unused = memorySql();
  for (const node of cluster.members()) {
    const sql = { ...unused, exec: node.disk.inspect };
    const server = node.peek();
    if (server === null) continue;
    const compare = async (method: "KVS.Get" | "KVS.List", name: string): Promise<void> => {
      const answer = await (method === "KVS.Get"
        ? server.backend.call(method, { key: name, options })
        : server.backend.call(method, { prefix: name, options }));
      const state =
        method === "KVS.Get"
          ? stateReads[method](sql, { key: name, options })
          : stateReads[method](sql, { prefix: name, options });
      const said = answer.ok ? answer.value : null;
      // An answer from before tombstones were reaped keeps its index, which is right as well.
      const isSame =
        said !== null &&
        said.meta.index >= state.index &&
        JSON.stringify(said.value) === JSON.stringify(state.value);
      if (!isSame) {
        const given = JSON.stringify(answer);
        throw new Error(`${node.id} answers ${method} ${name} with ${given}, not ${JSON.stringify(state)}`);
      }
    };
    for (const key of keys) await compare("KVS.Get", key);
    for (const prefix of prefixes) await compare("KVS.List", prefix);
  }
  unused.close();
}
