import { readFile } from "node:fs/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { literal } from "../../../services/orchestration/engine/sql-text.ts";
import { forFile } from "../../lib/for-file.ts";
import { hasMariaDb } from "../../lib/mariadb-server.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { openScene } from "./scene.ts";
import { loadMaria, loadPostgresql, writeTpch } from "./tpch/load.ts";
import { tpchQueries, withTables } from "./tpch/queries.ts";

const scale = 0.01;
const inMaria = hasMariaDb ? ["orders", "supplier", "region"] : [];
const inPostgresql = [
  "lineitem",
  "customer",
  "nation",
  ...(hasMariaDb ? [] : ["orders", "supplier", "region"]),
];
const inFiles = ["part", "partsupp"];

const scene = forFile(async () => {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const opened = stack.use(await openScene());
  const files = await writeTpch(folder.path, scale);
  await opened.foreign.sql.unsafe("drop table orders; create schema tpch; set search_path = tpch");
  await loadPostgresql(opened.foreign.sql, files, inPostgresql);
  await opened.warehouse(
    "grant usage on schema tpch to public; grant select on all tables in schema tpch to public",
  );
  if (opened.maria) {
    await opened.maria.query("use shop");
    await loadMaria(opened.maria, files, inMaria);
    await opened.user.catalog.discover({ sourceId: opened.ids.shop ?? "" });
  }
  for (const name of inFiles)
    await opened.addFile(name, `${name}.parquet`, await readFile(files.parquet(name)));
  const duckdb = stack.adopt(await DuckDBInstance.create(":memory:"), (instance) => instance.closeSync());
  const owned = stack.move();
  return { ...opened, files, duckdb, [Symbol.asyncDispose]: () => owned.disposeAsync() };
});

function nameOf(table: string): string {
  if (inFiles.includes(table)) return `${table}.${table}`;
  return inMaria.includes(table) ? `shop.shop.${table}` : `warehouse.tpch.${table}`;
}

/** The result as Parquet, so that no value depends on how JSON writes it. */
async function federated(query: string): Promise<string[]> {
  const { rows } = await scene().user.executions.executeQuery({
    sql: withTables(query, nameOf),
    maxRows: 10_000,
    timeout: { seconds: 120n },
  });
  return rows.map(({ values }) => JSON.stringify(values.map(({ kind }) => String(kind.value ?? null))));
}

async function direct(query: string): Promise<string[]> {
  const connection = await scene().duckdb.connect();
  try {
    const sql = withTables(
      query,
      (table) => `read_parquet(${literal(scene().files.parquet(table))}) AS ${table}_`,
    );
    const reader = await connection.runAndReadAll(sql.replaceAll(/AS \w+_ (l[123]|n[12])\b/g, "AS $1"));
    return reader.getRowsJson().map((row) => JSON.stringify(row.map((value) => String(value))));
  } finally {
    connection.closeSync();
  }
}

test.each(tpchQueries.map((query, index) => [index + 1, query] as const))(
  "OK: query %i of TPC-H over PostgreSQL, MariaDB and Parquet has the rows of DuckDB",
  async (_, query) => {
    const expected = await direct(query);
    expect(expected).not.toEqual([]);
    expect(await federated(query)).toEqual(expected);
  },
);
