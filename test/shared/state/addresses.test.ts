// Who has an address.

import { describe, expect, it } from "vitest";
import { addressOwner } from "../../../shared/state/addresses.ts";
import { createTables } from "../../../shared/state/schema.ts";
import { memorySql } from "../../support/memory-sql.ts";

describe("the owner of an address", () => {
  it("is a node before a service, and nobody when there is none", () => {
    const sql = memorySql();
    createTables(sql);
    const insertNode =
      "INSERT INTO nodes (node_key, id_key, body, create_index, modify_index) VALUES (?, '', ?, 3, 5)";
    sql.exec(insertNode, "n1", JSON.stringify({ Node: "N1", Address: "10.0.0.1" }));
    sql.exec(
      "INSERT INTO services (node_key, id_key, name_key, body, create_index, modify_index) VALUES (?, ?, ?, ?, 4, 7)",
      "n1",
      "web",
      "web",
      JSON.stringify({ Service: "Web", Address: "10.0.0.2" }),
    );
    expect(addressOwner(sql, ["10.0.0.1"])).toMatchObject({ index: 7, value: { node: "N1", service: "" } });
    expect(addressOwner(sql, ["x", "10.0.0.2"]).value).toEqual({ node: "", service: "Web" });
    expect(addressOwner(sql, ["10.0.0.9"]).value).toEqual({ node: "", service: "" });
    expect(addressOwner(sql, []).value).toEqual({ node: "", service: "" });
  });
});
