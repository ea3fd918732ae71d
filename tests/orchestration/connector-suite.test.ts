import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { runWith } from "../../services/orchestration/run.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { connectorSuite, orders, type SourceUnderTest } from "./connector-suite.ts";
import { readerPassword, startForeignDatabase } from "./foreign-database.ts";
import { startOrchestration } from "./orchestration.ts";
import { createSqliteConnector } from "./sqlite/sqlite-connector.ts";

async function openFile(): Promise<SourceUnderTest> {
  const mesh = await startOrchestration();
  const user = mesh.user();
  const content = orders.map((order) => `${JSON.stringify(order)}\n`).join("");
  const fileId = mesh.peers.addFile(user.who, "orders.ndjson", content);
  return {
    mesh,
    user,
    connector: "file",
    settings: { fileId },
    unreachable: { settings: { fileId: crypto.randomUUID() }, reason: "does not exist" },
    schemaName: "",
    endless: "select count(*) from range(1000000000000) as a, range(1000000) as b",
    chunkRows: 600n,
    [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose](),
  };
}

async function openPostgresql(): Promise<SourceUnderTest> {
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await startOrchestration());
  const { sql, settings } = stack.use(await startForeignDatabase());
  const user = mesh.user();
  mesh.peers.addSecret(user.who, "reader-password", readerPassword);
  await sql`create table orders (id int not null, label text, amount double precision)`;
  await sql`insert into orders ${sql(orders.map((order) => ({ ...order })))}`;
  await sql`grant select on all tables in schema public to public`;
  await sql`analyze orders`;
  const owned = stack.move();
  return {
    mesh,
    user,
    connector: "postgresql",
    settings,
    unreachable: { settings: { ...settings, database: "nothing" }, reason: "has no database" },
    schemaName: "public",
    endless: "select count(*) from generate_series(1, 10000000000) as n, orders",
    chunkRows: 600n,
    addRow: async () => void (await sql`insert into orders values (100000, 'later', 1)`),
    alter: async () => void (await sql`alter table orders add column more int`),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

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
    createConnectors: (deps) => [createSqliteConnector(deps)],
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

connectorSuite("file", openFile);
connectorSuite("postgresql", openPostgresql);
connectorSuite("sqlite", openSqlite);
