import { randomUUID } from "node:crypto";
import { constants, DatabaseSync, type StatementSync } from "node:sqlite";
import type { SnapshotTable } from "../../../services/orchestration/connectors/connector.ts";
import type {
  ColumnBatch,
  FetchedRows,
  Interval,
  ReadableTable,
  RowDescription,
  RowRange,
  RowSource,
  SqlSession,
} from "../../../services/orchestration/connectors/sql/row-source.ts";
import { firstStatement } from "../../../services/orchestration/engine/first-statement.ts";
import { identifier } from "../../../services/orchestration/engine/sql-text.ts";
import { tableChanged } from "../../../services/orchestration/errors.ts";
import { closeDatabase, notReading, toStatementFailure, withOpenFailures } from "./sqlite-failures.ts";
import { decodeValue, encodeText, formatOf, type SqliteValue } from "./sqlite-values.ts";

type SqliteSettings = { readonly path: string };

/**
 * Reads SQLite databases. A snapshot is a read transaction of one connection, which no other can join, so this source also
 * shows how ranges are read without shared snapshots. Calls into SQLite block the process; one that lasts too long is ended
 * with its process.
 */
export const createSqliteRows = (): RowSource<SqliteSettings> => ({
  sharesSnapshots: false,
  async withSession({ path }, { signal }, work) {
    signal.throwIfAborted();
    const database = withOpenFailures(path, () => new DatabaseSync(path, { readOnly: true }));
    using _closing = { [Symbol.dispose]: () => closeDatabase(database) };
    withOpenFailures(path, () => database.exec("begin; select count(*) from sqlite_schema"));
    const result = await work(toSession(database, signal));
    signal.throwIfAborted();
    return result;
  },
});

const toSession = (database: DatabaseSync, signal: AbortSignal): SqlSession => ({
  closed: new AbortController().signal,
  version: async () => `SQLite ${rowsOf(database, "select sqlite_version()")[0]?.[0]}`,
  async listTables(_schemas, tablesMax) {
    const tables = rowsOf(
      database,
      `select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite!_%' escape '!'
       order by name limit ?`,
      tablesMax,
    );
    return tables.map(([name]) => ({
      schemaName: "main",
      name,
      columns: rowsOf(database, "select name, type, [notnull] from pragma_table_info(?)", String(name)).map(
        ([column, type, notNull]) => ({ name: column, dataType: type || "ANY", nullable: notNull === 0n }),
      ),
    }));
  },
  async openCursor(sql, rowCount) {
    const statement = prepareReading(database, sql);
    const rows = statement.iterate() as unknown as Iterator<SqliteValue[]>;
    const fetch = async (count: number) => withStatementFailures(() => fetchRows(rows, count));
    return {
      columns: statement.columns().map(({ name, type }) => ({ name, dataType: type ?? "ANY" })),
      first: await fetch(rowCount),
      fetch,
    };
  },
  takeSnapshot: async () => ({ name: randomUUID(), time: new Date() }),
  describeRows: async (table) => describeRows(database, table),
  readRange: (table, range) => ({ batches: readRange(database, table, range, signal) }),
  async openStatement(sql, rowsMax) {
    const statement = prepareReading(database, sql);
    const rows = statement.iterate() as unknown as Iterator<SqliteValue[]>;
    return {
      columns: statement.columns().map(({ name, type }) => ({ name, ...formatOf(type ?? "") })),
      rows: { batches: toBatches(rows, statement.columns().length, signal, rowsMax) },
    };
  },
});

function prepare(database: DatabaseSync, sql: string): StatementSync {
  const statement = database.prepare(sql);
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  return statement;
}

const rowsOf = (database: DatabaseSync, sql: string, ...values: (string | number)[]): SqliteValue[][] =>
  prepare(database, sql).all(...values) as unknown as SqliteValue[][];

const reading: ReadonlySet<number> = new Set([
  constants.SQLITE_SELECT,
  constants.SQLITE_READ,
  constants.SQLITE_FUNCTION,
  constants.SQLITE_RECURSIVE,
]);

/** SQLite compiles the first statement of a text and ignores the rest, so that is refused here. */
function prepareReading(database: DatabaseSync, sql: string): StatementSync {
  const text = firstStatement(sql);
  if (sql.slice(text.length + 1).trim() !== "") throw notReading("one statement at a time, please");
  if (!/^\s*(select|with|values)\b/i.test(text)) toSyntaxFailure(database, text);
  database.setAuthorizer((action) => (reading.has(action) ? constants.SQLITE_OK : constants.SQLITE_DENY));
  try {
    return withStatementFailures(() => prepare(database, text));
  } finally {
    database.setAuthorizer(null);
  }
}

/** What is no statement at all is told from one that does not read. */
function toSyntaxFailure(database: DatabaseSync, sql: string): never {
  withStatementFailures(() => prepare(database, sql));
  throw notReading("only statements that read are taken: SELECT, WITH, VALUES");
}

function withStatementFailures<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStatementFailure(error);
  }
}

function fetchRows(rows: Iterator<SqliteValue[]>, count: number): FetchedRows {
  const fetched = [];
  let sizeBytes = 0;
  while (fetched.length < count) {
    const { done, value } = rows.next();
    if (done) break;
    fetched.push(value.map(decodeValue));
    sizeBytes += value.reduce<number>((sum, item) => sum + (encodeText(item)?.length ?? 1), 1);
  }
  return { rowCount: fetched.length, rows: fetched, sizeBytes };
}

function describeRows(database: DatabaseSync, { name, columns, wanted }: SnapshotTable): RowDescription {
  const types = new Map(columns.map((column) => [column.name, column.dataType]));
  const formats = wanted.map((column) => formatOf(types.get(column) ?? ""));
  const select = `select ${wanted.map(identifier).join(", ")} from ${identifier(name)}`;
  try {
    const [[count] = []] = rowsOf(database, `select count(*) from ${identifier(name)}`);
    return {
      columns: formats,
      encoding: "csv",
      select,
      rowCount: Number(count),
      interval: intervalOf(database, name),
      rowSecurity: undefined,
    };
  } catch {
    throw tableChanged(`main.${name}`);
  }
}

/** Views, and tables that are declared so, have no row ids. */
function intervalOf(database: DatabaseSync, name: string): Interval | undefined {
  try {
    const [[first, last] = []] = rowsOf(database, `select min(rowid), max(rowid) from ${identifier(name)}`);
    return { unit: "rowid", from: Number(first ?? 0), to: last == null ? 0 : Number(last) + 1 };
  } catch {
    return undefined;
  }
}

function readRange(
  database: DatabaseSync,
  { select }: ReadableTable,
  range: RowRange | undefined,
  signal: AbortSignal,
): AsyncGenerator<ColumnBatch> {
  const where = range ? ` where rowid >= ?${range.to === undefined ? "" : " and rowid < ?"}` : "";
  const statement = prepare(database, select + where);
  const bounds = range ? [range.from, range.to].filter((bound) => bound !== undefined) : [];
  const rows = statement.iterate(...bounds) as unknown as Iterator<SqliteValue[]>;
  return toBatches(rows, statement.columns().length, signal, undefined);
}

const batchRows = 1000;

async function* toBatches(
  rows: Iterator<SqliteValue[]>,
  columnCount: number,
  signal: AbortSignal,
  rowsMax: number | undefined,
): AsyncGenerator<ColumnBatch> {
  let left = rowsMax ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    signal.throwIfAborted();
    const columns: (string | null)[][] = Array.from({ length: columnCount }, () => []);
    let rowCount = 0;
    while (rowCount < Math.min(batchRows, left)) {
      const { done, value } = withStatementFailures(() => rows.next());
      if (done) break;
      for (const [index, item] of value.entries()) columns[index]?.push(encodeText(item));
      rowCount += 1;
    }
    if (rowCount === 0) return;
    left -= rowCount;
    yield { rowCount, columns };
  }
}
