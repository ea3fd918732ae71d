import { test } from "vitest";
import { hasMariaDb, mariaDbMissing } from "../lib/mariadb-server.ts";
import { connectorSuite, orders, type SourceUnderTest } from "./connector-suite.ts";
import { startMariaSource } from "./mysql/maria-source.ts";

async function openMysql(): Promise<SourceUnderTest> {
  const { mesh, user, admin, settings, ...source } = await startMariaSource();
  await admin.query("create table orders (id int not null primary key, label text, amount double)");
  await admin.query("insert into orders values ?", [
    orders.map(({ id, label, amount }) => [id, label, amount]),
  ]);
  await admin.query("analyze table orders persistent for all");
  return {
    mesh,
    user,
    connector: "mysql",
    settings,
    unreachable: { settings: { ...settings, database: "nothing" }, reason: "has no database" },
    schemaName: "shop",
    endless: "select count(*) from orders a, orders b, orders c, orders d",
    chunkRows: 600n,
    addRow: async () => void (await admin.query("insert into orders values (100000, 'later', 1)")),
    alter: async () => void (await admin.query("alter table orders add column more int")),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

if (hasMariaDb) connectorSuite("mysql", openMysql);
else test.skip(`mysql${mariaDbMissing}`, () => {});
