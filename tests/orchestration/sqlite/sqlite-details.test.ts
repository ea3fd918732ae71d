import { expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { tableNamed } from "../catalog-sources.ts";
import { startOrchestration } from "../orchestration.ts";
import { sourceOf, sqliteBytes } from "./sqlite-file.ts";

const mesh = forFile(startOrchestration);

test("OK: keys of SQLite's tables, also without names of columns, in another case, and to nothing", async () => {
  const user = mesh().user();
  const bytes = await sqliteBytes(`
    create table Customers (region text, "no." integer, name text, primary key ("no.", region));
    create table items (id integer primary key, label text);
    create table orders (
      id integer primary key, customer integer, region text, item integer references ITEMS, gone integer references missing,
      wrong integer references items (missing),
      foreign key (customer, region) references customers ("NO.", region));
    create view labels as select label from items`);
  const { added } = await user.catalog.discover({ sourceId: await sourceOf(mesh(), user, bytes) });
  const keys = (name: string) => {
    const { primaryKey, foreignKeys } = tableNamed(added, name);
    return { primaryKey, foreignKeys };
  };
  expect(keys("Customers")).toEqual({ primaryKey: ["no.", "region"], foreignKeys: [] });
  expect(keys("items")).toEqual({ primaryKey: ["id"], foreignKeys: [] });
  expect(keys("labels")).toEqual({ primaryKey: [], foreignKeys: [] });
  const orders = keys("orders");
  expect(orders.primaryKey).toEqual(["id"]);
  expect(orders.foreignKeys).toMatchObject([
    {
      name: "",
      columns: ["customer", "region"],
      referencedSchemaName: "main",
      referencedTableName: "Customers",
      referencedColumns: ["no.", "region"],
    },
    { name: "", columns: ["item"], referencedTableName: "items", referencedColumns: ["id"] },
  ]);
  expect(await user.catalog.discover({ sourceId: added[0]?.sourceId ?? "" })).toMatchObject({
    added: [],
    changed: [],
    unchangedCount: 4,
  });
});
