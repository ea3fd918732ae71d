import type { DuckDBConnection } from "@duckdb/node-api";
import type { CatalogTable, FilledTable, StatementTable } from "../catalog-statement.ts";
import { readerOf } from "../database/file-reader.ts";
import { checkTypes } from "../gate/check-types.ts";
import { identifier, literal } from "../sql-text.ts";
import { inputNameOf } from "../work-file-names.ts";

/** The schema that holds tables without a schema. */
const defaultSchema = "main";

const ownCatalog = "memory";

const catalogOf = ({ catalog, schema }: StatementTable): string => catalog || schema || ownCatalog;

const fullName = (table: StatementTable): string =>
  [catalogOf(table), table.catalog ? table.schema : defaultSchema, table.name].map(identifier).join(".");

const standInOf = (index: number): string => `sluice_table_${index}`;

const standInName = (index: number): string => `${ownCatalog}.${defaultSchema}.${standInOf(index)}`;

/** Names of the empty tables that the views of `createStandIns` read. */
export const standInsOf = (tables: readonly unknown[]): ReadonlySet<string> =>
  new Set(tables.map((_, index) => standInOf(index)));

/** Index of a table by the name of its stand-in. */
export const indexOfStandIn = (name: unknown): number =>
  Number(/^sluice_table_(\d+)$/.exec(String(name))?.[1]);

/** Creates a view for each table under its name in the statement, over an empty table with its columns. */
export async function createStandIns(
  connection: DuckDBConnection,
  tables: readonly CatalogTable[],
): Promise<void> {
  await checkTypes(
    connection,
    tables.flatMap(({ columns }) => columns.map(({ dataType }) => dataType)),
  );
  const catalogs = new Set(tables.map(({ name }) => catalogOf(name)));
  catalogs.delete(ownCatalog);
  for (const catalog of catalogs) await connection.run(`ATTACH ':memory:' AS ${identifier(catalog)}`);
  for (const [index, { name, columns }] of tables.entries()) {
    if (name.catalog !== "")
      await connection.run(
        `CREATE SCHEMA IF NOT EXISTS ${identifier(name.catalog)}.${identifier(name.schema)}`,
      );
    const list = columns.map((column) => `${identifier(column.name)} ${column.dataType}`).join(", ");
    await connection.run(`CREATE TABLE ${standInName(index)} (${list})`);
    await connection.run(`CREATE VIEW ${fullName(name)} AS FROM ${standInName(index)}`);
  }
}

/** Makes the views read the rows. */
export async function fillTables(
  connection: DuckDBConnection,
  tables: readonly FilledTable[],
): Promise<void> {
  for (const [index, table] of tables.entries()) {
    await connection.run(`CREATE OR REPLACE VIEW ${fullName(table.name)} AS ${selectOf(table)}`);
    await connection.run(`DROP TABLE ${standInName(index)}`);
  }
}

/** The types are those that the statement was checked with. */
function selectOf({ columns, inputs, reading, read }: FilledTable): string {
  const names = read && new Set(read);
  const list = columns.map(({ name, dataType }) => {
    const value = !names || names.has(name) ? identifier(name) : "NULL";
    return `CAST(${value} AS ${dataType}) AS ${identifier(name)}`;
  });
  return `SELECT ${list.join(", ")} FROM ${rowsOf(inputs, reading)}`;
}

function rowsOf(inputs: readonly number[], reading: FilledTable["reading"]): string {
  const files = inputs.map(inputNameOf);
  const [file] = files;
  if (reading && file !== undefined) return readerOf(file, reading);
  return `read_parquet([${files.map(literal).join(", ")}])`;
}
