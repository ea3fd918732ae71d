import { executionTooLarge, sourceDataInvalid } from "../../errors.ts";
import type { DiscoveredColumn, DiscoveredTable } from "../connector.ts";
import { checkReply, tableReply } from "./check-reply.ts";
import type { SqlSession } from "./row-source.ts";

/** Maximum of tables in one discovery. */
const tablesMax = 20_000;
/** Maximum size of their description, which has to fit into one message. */
const catalogBytesMax = 12 * 1024 * 1024;
/** Size of a table and of a column in the description, without their names. */
const tableBytes = 160;
const columnBytes = 16;

/** The tables that a session may read, with everything checked that the server has sent. */
export async function listTables(
  session: SqlSession,
  schemas: readonly string[] | undefined,
): Promise<DiscoveredTable[]> {
  const rows = await session.listTables(schemas, tablesMax + 1);
  if (rows.length > tablesMax) throw tooMany(`more than ${tablesMax} tables`);
  const tables = rows.map((row, index) => checkReply(tableReply, row, `list of tables, at ${index},`));
  refuseDuplicates(tables);
  if (tables.reduce((sum, table) => sum + bytesOf(table), 0) > catalogBytesMax) {
    throw tooMany(`tables whose columns take more than ${catalogBytesMax / 1024 ** 2} MiB`);
  }
  return tables;
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
export const bytesOf = ({ schemaName, name, columns }: DiscoveredTable): number =>
  columns.reduce(addColumn, tableBytes + Buffer.byteLength(schemaName) + Buffer.byteLength(name));

const addColumn = (sum: number, { name, dataType }: DiscoveredColumn): number =>
  sum + columnBytes + Buffer.byteLength(name) + Buffer.byteLength(dataType);

const tooMany = (what: string) =>
  executionTooLarge(`the source has ${what}: name some of its schemas in settings.schemas`);
