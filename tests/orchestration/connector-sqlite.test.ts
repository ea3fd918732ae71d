import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { connectorSuite, orders, type SourceUnderTest } from "./connector-suite.ts";
import { startOrchestration } from "./orchestration.ts";

/** A database in an allowed folder. Its program has it open and writes to its log. */
async function openSqlite(): Promise<SourceUnderTest> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const database = stack.adopt(new DatabaseSync(join(folder.path, "orders.sqlite")), (opened) =>
    opened.close(),
  );
  database.exec(
    "pragma journal_mode = wal; create table orders (id integer not null, label text, amount real)",
  );
  const insert = database.prepare("insert into orders values (?, ?, ?)");
  database.exec("begin");
  for (const { id, label, amount } of orders) insert.run(id, label, amount);
  database.exec("commit");
  const mesh = stack.use(await startOrchestration({ SOURCE_FOLDERS: `shop=${folder.path}` }));
  const owned = stack.move();
  return {
    mesh,
    user: mesh.user(),
    connector: "sqlite",
    settings: { folder: "shop", path: "orders.sqlite" },
    unreachable: { settings: { folder: "shop", path: "nothing.sqlite" }, reason: "has no file" },
    schemaName: "main",
    endless: "with recursive n(n) as (select 1 union all select n + 1 from n) select count(*) from n",
    chunkRows: 600n,
    addRow: async () => database.exec("insert into orders values (100000, 'later', 1)"),
    alter: async () => database.exec("alter table orders add column more integer"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

connectorSuite("sqlite", openSqlite);
