import { executionTooLarge, sourceDataInvalid } from "../../errors.ts";
import type { DiscoveredColumn, DiscoveredTable, TableDetails, TableName } from "../connector.ts";
import { type CheckedTable, checkReply, tableReply } from "./check-reply.ts";
import type { SqlSession } from "./row-source.ts";

/** Maximum of tables in one discovery. */
const tablesMax = 20_000;
/** Maximum size of their description, which has to fit into one message. */
const catalogBytesMax = 12 * 1024 * 1024;
/** Size of a table and of a column in the description, without their names. */
const tableBytes = 160;
const columnBytes = 16;

export type TablesRequest = {
  /** Undefined for all but the system's. */
  readonly schemas: readonly string[] | undefined;
  /** The only table; undefined for all. */
  readonly table?: TableName | undefined;
};

/** The tables that a session may read, with everything checked that the server has sent. */
export async function listTables(
  session: SqlSession,
  { schemas, table }: TablesRequest,
): Promise<DiscoveredTable[]> {
  const rows = await session.listTables(schemas, tablesMax + 1, table);
  if (rows.length > tablesMax) throw tooMany(`more than ${tablesMax} tables`);
  const found = rows.map((row, index) =>
    toTable(checkReply(tableReply, row, `list of tables, at ${index},`)),
  );
  refuseDuplicates(found);
  const tables = table ? found.filter((each) => isNamed(each, table)) : found;
  if (tables.reduce((sum, table) => sum + bytesOf(table), 0) > catalogBytesMax) {
    throw tooMany(`tables whose columns take more than ${catalogBytesMax / 1024 ** 2} MiB`);
  }
  return tables;
}

const isNamed = (one: TableName, other: TableName): boolean =>
  one.schemaName === other.schemaName && one.name === other.name;

/** Details of columns that are not listed are left out. */
function toTable({ rowCount, details, ...table }: CheckedTable): DiscoveredTable {
  if (!details) return { ...table, rowCount };
  const names = new Set(table.columns.map(({ name }) => name));
  const comments = Object.entries(details.columnComments ?? {}).filter(
    ([name, comment]) => names.has(name) && comment !== "",
  );
  const primaryKey = details.primaryKey ?? [];
  return {
    ...table,
    rowCount,
    details: {
      ...details,
      columnComments: Object.fromEntries(comments),
      primaryKey: primaryKey.every((name) => names.has(name)) ? primaryKey : [],
      foreignKeys: (details.foreignKeys ?? []).filter(({ columns }) =>
        columns.every((name) => names.has(name)),
      ),
    },
  };
}

function refuseDuplicates(tables: readonly DiscoveredTable[]): void {
  const known = new Set<string>();
  for (const { schemaName, name } of tables) {
    const key = JSON.stringify([schemaName, name]);
    if (known.has(key)) {
      throw sourceDataInvalid(`the source lists the table ${schemaName}.${name} twice`);
    }
    known.add(key);
  }
}

/** Size of a table in the description. */
export const bytesOf = ({ schemaName, name, columns, details }: DiscoveredTable): number =>
  columns.reduce(
    addColumn,
    tableBytes + Buffer.byteLength(schemaName) + Buffer.byteLength(name) + detailsBytesOf(details),
  );

const detailsBytesOf = ({ comment, columnComments, primaryKey, foreignKeys }: TableDetails = {}): number =>
  Buffer.byteLength(JSON.stringify([comment, columnComments, primaryKey, foreignKeys]));

const addColumn = (sum: number, { name, dataType }: DiscoveredColumn): number =>
  sum + columnBytes + Buffer.byteLength(name) + Buffer.byteLength(dataType);

const tooMany = (what: string) =>
  executionTooLarge(`the source has ${what}: name some of its schemas in settings.schemas`);
