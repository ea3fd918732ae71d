import { describe, expect, test } from "vitest";
import { forFile } from "../../lib/for-file.ts";
import { hasMariaDb, mariaDbMissing } from "../../lib/mariadb-server.ts";
import { tableNamed } from "../catalog-sources.ts";
import { startMariaSource } from "./maria-source.ts";

describe.skipIf(!hasMariaDb)(`keys and comments of MariaDB${mariaDbMissing}`, () => {
  const source = forFile(startMariaSource);

  test("OK: keys, comments and sizes, and none of a view", async () => {
    const { admin, user, sourceId } = source();
    await admin.query(`
      create table customers (region varchar(20), id int, primary key (id, region));
      create table orders (id int primary key, \`customer's id\` int comment 'Who ordered', region varchar(20),
        constraint placed_by foreign key (\`customer's id\`, region) references customers (id, region))
        comment 'One row per "order" żółw';
      create view names as select region from customers;
      insert into orders values (1, null, null); analyze table orders`);
    const { added } = await user.catalog.discover({ sourceId });
    const orders = tableNamed(added, "orders");
    expect(orders).toMatchObject({
      comment: 'One row per "order" żółw',
      primaryKey: ["id"],
      foreignKeys: [
        {
          name: "placed_by",
          columns: ["customer's id", "region"],
          referencedSchemaName: "shop",
          referencedTableName: "customers",
          referencedColumns: ["id", "region"],
        },
      ],
    });
    expect(orders.sizeBytes).toBeGreaterThan(0n);
    expect(orders.columns.map(({ comment }) => comment)).toEqual(["", "Who ordered", ""]);
    expect(tableNamed(added, "customers")).toMatchObject({ primaryKey: ["id", "region"], foreignKeys: [] });
    const names = tableNamed(added, "names");
    expect(names).toMatchObject({ comment: "", primaryKey: [], foreignKeys: [] });
    expect(names.sizeBytes).toBeUndefined();
    await admin.query("alter table orders drop foreign key placed_by");
    const { changes } = await user.catalog.discover({ sourceId });
    expect(changes).toMatchObject([{ tableId: orders.tableId, keysChanged: true, commentChanged: false }]);
  });
});
