import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import { DuckDBTypeId } from "@duckdb/node-api";
import { attachDatabase, attachedCatalog, nameOf } from "../database/attach-database.ts";
import { openSandbox, readRows } from "../database/sandbox.ts";
import type { DescribedColumn, DescribedTable, StoredTable } from "../described-table.ts";
import { EngineFailure } from "../engine-failure.ts";
import { gateTable, listOfTables } from "../gate/gate-database.ts";
import type { Reply, Task } from "../protocol.ts";
import { typedSql } from "../result-file/typed-sql.ts";
import { identifier } from "../sql-text.ts";

type TablesTask = Task & { kind: "tables" };

const tablesMax = 20_000;
/** Largest description of all tables: it has to fit into one message. */
const descriptionBytesMax = 12 * 1024 * 1024;

/** Describes the tables of a database file. Views that can't be read are left out, unless the task names them. */
export async function readTables(task: TablesTask): Promise<Reply & { kind: "tables" }> {
  const connection = await openSandbox(task, { define: attachDatabase });
  try {
    const all = await readRows(connection, `FROM (${listOfTables}) ORDER BY schemaName, name`);
    if (all.length > tablesMax) throw tooLarge(`more than ${tablesMax} tables`);
    const required = await readRequired(connection);
    const found: DescribedTable[] = [];
    let sizeBytes = 0;
    for (const { schemaName, name, isView } of all) {
      const table = { schemaName: String(schemaName), name: String(name) };
      if (task.tables && !task.tables.some((one) => keyOf(one) === keyOf(table))) continue;
      const described = await describe(connection, table, { isView: isView === true, required, task });
      if (!described) continue;
      sizeBytes += JSON.stringify(described).length;
      if (sizeBytes > descriptionBytesMax) throw tooLarge("more columns than one answer can describe");
      found.push(described);
    }
    return { kind: "tables", version: await readVersion(connection), tables: found };
  } finally {
    // The process is reused.
    connection.closeSync();
  }
}

const keyOf = ({ schemaName, name }: StoredTable): string => JSON.stringify([schemaName, name]);

const tooLarge = (what: string) => new EngineFailure("tooLarge", `the database has ${what}`);

async function readVersion(connection: DuckDBConnection): Promise<string> {
  const [row] = await readRows(
    connection,
    `SELECT tags['storage_version'] AS version FROM duckdb_databases() WHERE database_name = '${attachedCatalog}'`,
  );
  return `DuckDB file of ${String(row?.version ?? "an unknown version")}`;
}

/** Columns that are never null. */
async function readRequired(connection: DuckDBConnection): Promise<ReadonlySet<string>> {
  const rows = await readRows(
    connection,
    "SELECT schema_name, table_name, unnest(constraint_column_names) AS name FROM duckdb_constraints() " +
      `WHERE database_name = '${attachedCatalog}' AND constraint_type IN ('NOT NULL', 'PRIMARY KEY')`,
  );
  return new Set(
    rows.map(({ schema_name, table_name, name }) => JSON.stringify([schema_name, table_name, name])),
  );
}

type Context = {
  readonly isView: boolean;
  readonly required: ReadonlySet<string>;
  readonly task: TablesTask;
};

/** Undefined if it is a view that can't be read, and nobody named it. */
async function describe(
  connection: DuckDBConnection,
  table: StoredTable,
  { isView, required, task }: Context,
): Promise<DescribedTable | undefined> {
  let isRepeatable: boolean;
  try {
    isRepeatable = await gateTable(connection, table);
  } catch (error) {
    if (isView && !task.tables && error instanceof EngineFailure) return undefined;
    throw error;
  }
  const { schemaName, name } = table;
  const types = await typesOf(connection, `FROM ${nameOf(table)}`);
  const written = task.tables && (await writtenOf(connection, table, types));
  const columns = types.map((column) => ({
    name: column.name,
    dataType: typeName(column.type),
    nullable: !required.has(JSON.stringify([schemaName, name, column.name])),
    written: written?.get(column.name),
  }));
  const extent = isView ? {} : await measure(connection, table, types, task.tables !== undefined);
  return { schemaName, name, columns, isRepeatable, ...extent };
}

type TypedName = { readonly name: string; readonly type: DuckDBType };

async function typesOf(connection: DuckDBConnection, sql: string): Promise<TypedName[]> {
  const statement = await connection.prepare(sql);
  return Array.from({ length: statement.columnCount }, (_, index) => ({
    name: statement.columnName(index),
    type: statement.columnType(index),
  }));
}

/** How the columns are written, by their names; those without a form are missing. */
async function writtenOf(connection: DuckDBConnection, table: StoredTable, types: readonly TypedName[]) {
  const expressions = types.flatMap(({ name, type }) => {
    const sql = typedSql(name, type, identifier(name), "table");
    return sql ? [{ name, expression: sql.expression }] : [];
  });
  const written = new Map<string, NonNullable<DescribedColumn["written"]>>();
  if (expressions.length === 0) return written;
  const list = expressions.map(({ expression }) => expression).join(", ");
  const stored = await typesOf(connection, `SELECT ${list} FROM ${nameOf(table)}`);
  for (const [index, { name, expression }] of expressions.entries()) {
    const type = stored[index]?.type;
    if (type) written.set(name, { dataType: typeName(type), expression });
  }
  return written;
}

/** Counts the rows; their ids have gaps where rows were deleted. A column can hide the ids. */
async function measure(
  connection: DuckDBConnection,
  table: StoredTable,
  types: readonly TypedName[],
  withIds: boolean,
): Promise<Pick<DescribedTable, "rowCount" | "rowIdEnd">> {
  const hasIds = withIds && !types.some(({ name }) => name.toLowerCase() === "rowid");
  const end = hasIds ? "coalesce(max(rowid) + 1, 0)" : "NULL";
  const [row] = await readRows(connection, `SELECT count(*) AS rows, ${end} AS "end" FROM ${nameOf(table)}`);
  return {
    rowCount: Number(row?.rows),
    ...(hasIds && { rowIdEnd: Number(row?.end) }),
  };
}

/** An enum of many values would make every description long. */
const enumCharactersMax = 1000;

function typeName(type: DuckDBType): string {
  if (type.typeId === DuckDBTypeId.ENUM && type.toString().length > enumCharactersMax) return "ENUM";
  return type.alias ?? type.toString();
}
