// A freeze outlives the sleep of its server: an object that wakes without memory must not expire, one after the other,
// those whom it held together. One row, written when a freeze begins, grows or ends; it is this server's alone.

import type { Sql } from "../../../shared/state/sql.ts";
import { type MassLoss, newMassLoss } from "./mass-loss.ts";

export type MassLossStore = {
  /** What was kept; not frozen when there is nothing. */
  load(): MassLoss;
  /** Writes nothing when nothing has changed. */
  save(loss: MassLoss): void;
};

/** The store of one server; its table is made when it is first needed. */
export function createMassLossStore(sql: Sql): MassLossStore {
  let kept = "";

  function table(): void {
    sql.exec("CREATE TABLE IF NOT EXISTS leader_mass_loss (id INTEGER PRIMARY KEY, kept TEXT NOT NULL)");
  }

  return {
    load() {
      table();
      const [row] = sql.exec("SELECT kept FROM leader_mass_loss WHERE id = 1");
      kept = String(row?.kept ?? "");
      return kept === "" ? newMassLoss() : lossOf(kept);
    },
    save(loss) {
      const { frozenSince, vanished } = loss;
      // Only who is held matters, not since when each.
      const text =
        frozenSince === null ? "" : JSON.stringify({ frozenSince, names: [...vanished.keys()].sort() });
      if (text === kept) return;
      kept = text;
      table();
      if (text === "") sql.exec("DELETE FROM leader_mass_loss");
      else sql.exec("INSERT OR REPLACE INTO leader_mass_loss (id, kept) VALUES (1, ?)", text);
    },
  };
}

function lossOf(text: string): MassLoss {
  const loss = newMassLoss();
  const read = JSON.parse(text) as { readonly frozenSince: number; readonly names: readonly string[] };
  loss.frozenSince = read.frozenSince;
  for (const name of read.names) loss.vanished.set(name, read.frozenSince);
  return loss;
}
