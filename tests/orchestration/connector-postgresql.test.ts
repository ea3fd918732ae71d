import { connectorSuite, orders, type SourceUnderTest } from "./connector-suite.ts";
import { readerPassword, startForeignDatabase } from "./foreign-database.ts";
import { startOrchestration } from "./orchestration.ts";

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

connectorSuite("postgresql", openPostgresql);
