import { expect, test } from "vitest";
import { readStatement } from "../../../services/orchestration/lineage/sql/read-statement.ts";
import { resolveTables } from "../../../services/orchestration/lineage/statement-lineage.ts";

const table = (schemaName: string, name: string) => ({
  tableId: `${schemaName}.${name}`,
  sourceId: "s",
  schemaName,
  name,
  namespace: "mysql",
  columns: [{ name: "id" }, { name: "label" }],
});

const idsOf = (sql: string, ...tables: ReturnType<typeof table>[]): string[] => {
  const { tables: references = [] } = readStatement({ sql, dialect: "mysql", knownTables: [] }) ?? {};
  return [...resolveTables(references, { sql, dialect: "mysql" }, tables).values()].map(
    ({ tableId }) => tableId,
  );
};

test("OK: tables of a statement in MySQL's dialect, by their names in backticks and in any case", () => {
  const sql = 'select `o`.`id` from shop.`orders` as o where label = "x"';
  expect(idsOf(sql, table("shop", "orders"), table("old", "orders"))).toEqual(["shop.orders"]);
  expect(idsOf("select * from ORDERS", table("shop", "orders"))).toEqual(["shop.orders"]);
});

test("OK: a name that several schemas have, without its schema, is left out", () => {
  expect(idsOf("select * from orders", table("shop", "orders"), table("old", "orders"))).toEqual([]);
});
