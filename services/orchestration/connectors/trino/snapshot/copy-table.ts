import { tableChanged } from "../../../errors.ts";
import type { SnapshotTable } from "../../connector.ts";
import type { RowDescription } from "../../sql/row-source.ts";
import { readerOf } from "../catalog/column-reader.ts";
import { quoteName } from "../quote.ts";
import { type Session, tableNameOf } from "../session/session.ts";
import { batchesOf } from "../statements/open-statement.ts";
import type { Spool, TableCopy } from "./spool.ts";

/**
 * Copies the wanted columns of a table. Trino has no state that several statements see, but one statement sees one: its rows are
 * copied when the snapshot is taken.
 */
export async function copyTable(
  session: Session,
  spool: Spool,
  table: SnapshotTable,
  signal: AbortSignal,
): Promise<{ copy: TableCopy; description: RowDescription }> {
  const { schemaName, name, wanted } = table;
  const select = `select ${wanted.map((column) => selected(table, column)).join(", ")} from ${tableNameOf(session.login, schemaName, name)}`;
  const result = await session.open(select);
  if (result.columns.length !== wanted.length) throw tableChanged(`${schemaName}.${name}`);
  const readers = result.columns.map(readerOf);
  const copy = await spool.copy(batchesOf(result, readers), signal);
  const description: RowDescription = {
    columns: readers.map(({ read, write, dataType }) => ({ read, write, dataType })),
    encoding: "csv",
    select,
    rowCount: copy.rowCount,
    interval: { unit: "blocks", from: 0, to: copy.blockCount },
    rowSecurity: undefined,
  };
  return { copy, description };
}

/** Times with a zone are read as instants: zones of regions have ambiguous times. */
function selected({ columns }: SnapshotTable, name: string): string {
  const type = columns.find((column) => column.name === name)?.dataType ?? "";
  const quoted = quoteName(name);
  return /^timestamp(\(\d+\))? with time zone$/.test(type)
    ? `at_timezone(${quoted}, 'UTC') as ${quoted}`
    : quoted;
}
