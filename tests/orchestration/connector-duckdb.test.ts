import { join } from "node:path";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { connectorSuite, orders, type SourceUnderTest } from "./connector-suite.ts";
import { writeDatabase } from "./duckdb/duckdb-file.ts";
import { startOrchestration } from "./orchestration.ts";

const text = (value: string | number | null) =>
  typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
const rows = orders.map(({ id, label, amount }) => `(${[id, label, amount].map(text).join(", ")})`);

/** A database in an allowed folder. Its program opens it, writes, and closes it. */
async function openDuckdb(): Promise<SourceUnderTest> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const change = (...statements: string[]) => writeDatabase(join(folder.path, "orders.duckdb"), statements);
  await change(
    "CREATE TABLE orders (id INTEGER NOT NULL, label VARCHAR, amount DOUBLE)",
    `INSERT INTO orders VALUES ${rows.join(", ")}`,
  );
  const mesh = stack.use(await startOrchestration({ SOURCE_FOLDERS: `shop=${folder.path}` }));
  const owned = stack.move();
  return {
    mesh,
    user: mesh.user(),
    connector: "duckdb",
    settings: { folder: "shop", path: "orders.duckdb" },
    unreachable: { settings: { folder: "shop", path: "nothing.duckdb" }, reason: "has no file" },
    schemaName: "main",
    endless: "select count(*) from range(1000000000000) as a, range(1000000) as b",
    chunkRows: 600n,
    addRow: () => change("INSERT INTO orders VALUES (100000, 'later', 1)"),
    alter: () => change("ALTER TABLE orders ADD COLUMN more INTEGER"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

connectorSuite("duckdb", openDuckdb);
