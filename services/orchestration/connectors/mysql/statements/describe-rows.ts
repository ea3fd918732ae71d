import { tableChanged } from "../../../errors.ts";
import type { EncodedValue } from "../../../results/encoded-value.ts";
import type { SnapshotTable } from "../../connector.ts";
import { limitOf, whereAll } from "../../sql/render-filter.ts";
import type { ColumnBatch, ReadableTable, RowDescription, RowRange } from "../../sql/row-source.ts";
import { readerOf } from "../catalog/column-reader.ts";
import { quoteName } from "../catalog/quote-name.ts";
import { readAll, readTyped } from "../catalog/read-all.ts";
import { toRowsFailure } from "../session/failures.ts";
import type { Session } from "../session/session.ts";
import { filterOf } from "./filter-of.ts";
import { batchesOf } from "./open-statement.ts";

const aboutTable = `
  select table_schema, table_name, engine, cast(coalesce(table_rows, 0) as char)
  from information_schema.tables
  where table_schema = ? and table_name = ?`;

/** The first column of the primary key. */
const keyOfTable = `
  select table_schema, table_name, column_name
  from information_schema.statistics
  where table_schema = ? and table_name = ? and index_name = 'PRIMARY' and seq_in_index = 1`;

/**
 * Describes a table in the session that holds the snapshot. Reading it, even without a row, keeps it from being altered
 * until the session ends.
 */
export async function describeRows(session: Session, table: SnapshotTable): Promise<RowDescription> {
  const { schemaName, name, wanted } = table;
  const label = `${schemaName}.${name}`;
  return await withRowsFailures(label, async () => {
    const from = `${quoteName(schemaName)}.${quoteName(name)}`;
    const select = `select ${wanted.map(quoteName).join(", ")} from ${from}`;
    const result = await session.open(`${select} limit 0`);
    await result.next();
    if (result.columns.length !== wanted.length) throw tableChanged(label);
    const readers = result.columns.map((column) => readerOf(column, session.target.settings));
    const filter = await filterOf(session, table, from);
    const about = await ownRow(session, aboutTable, schemaName, name);
    if (!about) throw tableChanged(label);
    const [engine, rowCount] = about;
    return {
      columns: readers.map(({ read, write, dataType, comparison }) => ({
        read,
        write,
        dataType,
        comparison,
      })),
      encoding: "csv",
      select,
      ...filter,
      limit: table.limit,
      rowCount: Number(rowCount) || 0,
      // Only InnoDB reads the tables of a snapshot as they were: another engine's are read in one statement.
      ...(engine === "InnoDB" ? await keyRanges(session, schemaName, name, from) : noRanges),
      rowSecurity: undefined,
    };
  });
}

/** The server compares names without their case. */
async function ownRow(
  session: Session,
  sql: string,
  schemaName: string,
  name: string,
): Promise<(EncodedValue | null)[] | undefined> {
  const rows = await readAll(session, sql, [schemaName, name]);
  return rows.find((row) => row[0] === schemaName && row[1] === name)?.slice(2);
}

type KeyRanges = Pick<RowDescription, "interval" | "key">;

const noRanges: KeyRanges = { interval: undefined };

/** None without a primary key that begins with an integer, or if the integers are too large to calculate with. */
async function keyRanges(
  session: Session,
  schemaName: string,
  name: string,
  from: string,
): Promise<KeyRanges> {
  const [column] = (await ownRow(session, keyOfTable, schemaName, name)) ?? [];
  if (typeof column !== "string") return noRanges;
  const key = quoteName(column);
  const { typeNames, rows } = await readTyped(session, `select min(${key}), max(${key}) from ${from}`);
  if (!typeNames.every((typeName) => /int/.test(typeName))) return noRanges;
  const [[first, last] = []] = rows;
  if (first == null || last == null) return { key, interval: { unit: "key", from: 0, to: 0 } };
  const interval = { unit: "key", from: Number(first), to: Number(last) + 1 };
  return Number.isSafeInteger(interval.from) && Number.isSafeInteger(interval.to)
    ? { key, interval }
    : noRanges;
}

/** Reads a range of a table of the snapshot; all rows without a range. */
export async function* readRange(
  session: Session,
  { label, select, where, limit, parameters = [], key }: ReadableTable,
  range: RowRange | undefined,
  timeoutMs: number,
): AsyncGenerator<ColumnBatch> {
  // The session began with the time that the plan had.
  await session.limitStatements(timeoutMs);
  const bounds = range ? [range.from, range.to].filter((bound) => bound !== undefined) : [];
  const inRange = range ? `${key} >= ?${range.to === undefined ? "" : ` and ${key} < ?`}` : "";
  const guard = <T>(work: () => Promise<T>) => withRowsFailures(label, work);
  const sql = `${select}${whereAll(where, inRange)}${limitOf(limit)}`;
  const result = await guard(() => session.open(sql, [...parameters, ...bounds.map(BigInt)]));
  yield* batchesOf(session, result, guard);
}

async function withRowsFailures<T>(label: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toRowsFailure(error, label);
  }
}
