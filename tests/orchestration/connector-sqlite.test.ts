import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { runWith } from "../../services/orchestration/run.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { connectorSuite, orders, type SourceUnderTest } from "./connector-suite.ts";
import { startOrchestration } from "./orchestration.ts";
import { sqliteDefinition } from "./sqlite/sqlite-connector.ts";

/** The second SQL database: it shares no snapshots, and its rows come as column batches. */
async function openSqlite(): Promise<SourceUnderTest> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const path = join(folder.path, "orders.sqlite");
  const database = stack.adopt(new DatabaseSync(path), (opened) => opened.close());
  database.exec(
    "pragma journal_mode = wal; create table orders (id integer not null, label text, amount real)",
  );
  const insert = database.prepare("insert into orders values (?, ?, ?)");
  database.exec("begin");
  for (const { id, label, amount } of orders) insert.run(id, label, amount);
  database.exec("commit");
  const run = runWith({
    definitions: [sqliteDefinition],
    sourceProgram: new URL("./sqlite/source-process.ts", import.meta.url),
  });
  const mesh = stack.use(await startOrchestration({}, run));
  const owned = stack.move();
  return {
    mesh,
    user: mesh.user(),
    connector: "sqlite",
    settings: { path },
    unreachable: { settings: { path: join(folder.path, "nothing") }, reason: "can't be opened" },
    schemaName: "main",
    endless: "with recursive n(n) as (select 1 union all select n + 1 from n) select count(*) from n",
    chunkRows: 600n,
    addRow: async () => database.exec("insert into orders values (100000, 'later', 1)"),
    alter: async () => database.exec("alter table orders add column more integer"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

connectorSuite("sqlite", openSqlite);
