import { connectorSuite, orders, type SourceUnderTest } from "../orchestration/connector-suite.ts";
import { startOrchestration } from "../orchestration/orchestration.ts";
import { startTrino } from "./trino-server.ts";

const literal = (text: string | null) => (text === null ? "null" : `'${text.replaceAll("'", "''")}'`);

async function openTrino(): Promise<SourceUnderTest> {
  await using stack = new AsyncDisposableStack();
  const trino = stack.use(await startTrino());
  await trino.run("create schema memory.shop");
  await trino.run("create table memory.shop.orders (id integer, label varchar, amount double)");
  const rows = orders.map(({ id, label, amount }) => `(${id}, ${literal(label)}, ${amount ?? "null"})`);
  await trino.run(`insert into memory.shop.orders values ${rows.join(", ")}`);
  const mesh = stack.use(await startOrchestration());
  const owned = stack.move();
  const settings = { scheme: "http", host: "127.0.0.1", port: trino.port, user: "test", catalog: "memory" };
  return {
    mesh,
    user: mesh.user(),
    connector: "trino",
    settings: { ...settings, schemas: ["shop"] },
    unreachable: { settings: { ...settings, host: "nothing.invalid" }, reason: "is not known" },
    schemaName: "shop",
    endless:
      "select count(*) from unnest(sequence(1, 10000)) a(x) cross join unnest(sequence(1, 10000)) b(y) " +
      "cross join unnest(sequence(1, 10000)) c(z) where x * y * z = -1",
    chunkRows: 600n,
    addRow: async () => {
      await trino.run("insert into memory.shop.orders values (100000, 'later', 1)");
    },
    alter: async () => {
      await trino.run("alter table memory.shop.orders add column more integer");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

connectorSuite("trino", openTrino);
