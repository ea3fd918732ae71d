import { tableChanged } from "../../../errors.ts";
import type { SnapshotTable } from "../../connector.ts";
import type { RowDescription } from "../../sql/row-source.ts";
import { type ColumnReader, readerOf } from "../catalog/column-reader.ts";
import { quoteName } from "../quote.ts";
import { type Session, tableNameOf } from "../session/session.ts";
import { batchesOf } from "../statements/open-statement.ts";
import type { Spool, TableCopy } from "./spool.ts";

/** Rows of a table that Trino has no statistics of. */
const rowCountDefault = 1_000_000;

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
  const select = selectOf(session, table);
  const { result, readers } = await open(session, table, select);
  const copy = await spool.copy(batchesOf(result, readers), signal);
  const interval = { unit: "blocks", from: 0, to: copy.blockCount };
  return { copy, description: descriptionOf(select, readers, { rowCount: copy.rowCount, interval }) };
}

/** Describes a table by its types and statistics. */
export async function describeTypes(session: Session, table: SnapshotTable): Promise<RowDescription> {
  const select = selectOf(session, table);
  const { result, readers } = await open(session, table, `${select} limit 0`);
  await result.stop();
  const name = tableNameOf(session.login, table.schemaName, table.name);
  const statistics = await session.readAll(`show stats for ${name}`);
  const rowCount = Math.round(Number(statistics.at(-1)?.[4] ?? Number.NaN));
  return descriptionOf(select, readers, {
    rowCount: Number.isSafeInteger(rowCount) && rowCount > 0 ? rowCount : rowCountDefault,
    interval: undefined,
  });
}

async function open(session: Session, { schemaName, name, wanted }: SnapshotTable, sql: string) {
  const result = await session.open(sql);
  if (result.columns.length !== wanted.length) throw tableChanged(`${schemaName}.${name}`);
  return { result, readers: result.columns.map(readerOf) };
}

const descriptionOf = (
  select: string,
  readers: readonly ColumnReader[],
  extent: Pick<RowDescription, "rowCount" | "interval">,
): RowDescription => ({
  columns: readers.map(({ read, write, dataType }) => ({ read, write, dataType })),
  encoding: "csv",
  select,
  rowSecurity: undefined,
  ...extent,
});

function selectOf({ login }: Session, table: SnapshotTable): string {
  const columns = table.wanted.map((column) => selected(table, column)).join(", ");
  return `select ${columns} from ${tableNameOf(login, table.schemaName, table.name)}`;
}

/** Times with a zone are read as instants: zones of regions have ambiguous times. */
function selected({ columns }: SnapshotTable, name: string): string {
  const type = columns.find((column) => column.name === name)?.dataType ?? "";
  const quoted = quoteName(name);
  return /^timestamp(\(\d+\))? with time zone$/.test(type)
    ? `at_timezone(${quoted}, 'UTC') as ${quoted}`
    : quoted;
}
