import type { Writable } from "node:stream";
import type { CopyReading, ExtractFormat } from "../../engine/protocol.ts";
import type { EncodedValue } from "../../results/encoded-value.ts";
import type { Limit } from "../../timing/limit.ts";
import type { Comparison, RowSecurity, SnapshotTable, TableName } from "../connector.ts";

/**
 * A kind of SQL database, as it runs in the process of one source. Its functions fail with FailedPrecondition
 * (SOURCE_DATA_INVALID, INSECURE_CONNECTION, ADDRESS_REFUSED) or Unavailable (SOURCE_UNREACHABLE). Everything that the
 * database sends is untrusted: a row source limits its reads, and the callers check tables and types again.
 *
 * `Login` is all that a session needs, with the secrets and the checked addresses. The service resolves it for every
 * request and sends it to the process.
 */
export type RowSource<Login = unknown> = {
  /**
   * Whether a session can join a snapshot by its name. Without that, the session that holds a snapshot reads its ranges
   * itself, one at a time.
   */
  readonly sharesSnapshots: boolean;
  /**
   * Runs `work` in one session: a transaction that only reads and sees a single state of the database. When the signal
   * aborts, the running statement is cancelled in the database, the session ends and the signal's reason is thrown.
   */
  withSession<T>(
    login: Login,
    limit: Limit,
    work: (session: SqlSession) => Promise<T>,
    options?: SessionOptions,
  ): Promise<T>;
};

type SessionOptions = {
  /** Name of a snapshot to join. Unavailable (SNAPSHOT_GONE) if it is gone. Only if the source shares snapshots. */
  readonly snapshot?: string;
  /** Whether the connection may be one from a pool, and go back to it. */
  readonly isPooled?: boolean;
};

/** One session with a database. Its functions run one after another. */
export type SqlSession = {
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal;
  /** Name and version of the server, for people. */
  version(): Promise<string>;
  /**
   * Describes the tables that the login may read, in some schemas or in all but the system's, at most `tablesMax`. With
   * `table`, others than this one may be left out. The caller checks them by `tableReply` (check-reply.ts).
   */
  listTables(
    schemas: readonly string[] | undefined,
    tablesMax: number,
    table?: TableName,
  ): Promise<readonly unknown[]>;
  /**
   * Starts a statement that reads, and fetches its first rows. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED): whatever
   * is not one statement that reads is refused. At most `rowsMax` rows are fetched.
   */
  openCursor(sql: string, rowCount: number, rowsMax: number): Promise<Cursor>;
  /** Fixes the state that the session sees until it ends. The session must not end while the snapshot is used. */
  takeSnapshot(): Promise<{ readonly name: string; readonly time: Date }>;
  /** Prepares a table of the snapshot for `readRange`. FailedPrecondition (SOURCE_CHANGED). */
  describeRows(table: SnapshotTable, format: ExtractFormat): Promise<RowDescription>;
  /** Describes a table without reading its rows. Missing if `describeRows` reads none either. */
  describeTypes?(table: SnapshotTable): Promise<RowDescription>;
  /** Reads a range of a table of the snapshot; all rows without a range. */
  readRange(table: ReadableTable, range: RowRange | undefined, timeoutMs: number): RowStream;
  /** Prepares a statement whose rows are all read; it is refused as by `openCursor`. `rowsMax` is undefined for all. */
  openStatement(sql: string, rowsMax: number | undefined): Promise<Statement>;
};

export type Cursor = {
  readonly columns: readonly { readonly name: string; readonly dataType: string }[];
  readonly first: FetchedRows;
  /** Fetches the next rows; fewer than `rowCount` only at the end. */
  fetch(rowCount: number): Promise<FetchedRows>;
};

export type FetchedRows = {
  readonly rowCount: number;
  /** Values as the contract encodes them. Rows are decoded one by one, since those that do not fit are not used. */
  readonly rows: Iterable<readonly EncodedValue[]>;
  /** Size of the rows as they were received. The size of the next fetch depends on it. */
  readonly sizeBytes: number;
};

/** How the rows of a table are read, and in which ranges. */
export type RowDescription = Omit<ReadableTable, "label"> & {
  /** One for each wanted column, in their order. */
  readonly columns: readonly ColumnFormat[];
  /** Estimated. */
  readonly rowCount: number;
  /** Numbers or keys of the rows, or of the pages that hold them; undefined if the table can only be read as a whole. */
  readonly interval: Interval | undefined;
  /** Undefined if the database has no row-level security. */
  readonly rowSecurity: RowSecurity | undefined;
};

/** A table as `readRange` needs it. It travels between processes. */
export type ReadableTable = {
  /** Schema and name, for messages. */
  readonly label: string;
  /** Statement that selects the wanted columns of all rows. */
  readonly select: string;
  /** Condition of the wanted rows, with the parameters in their order. Default: all rows. */
  readonly where?: string | undefined;
  readonly parameters?: readonly string[] | undefined;
  /** Number of rows that suffice. */
  readonly limit?: number | undefined;
  readonly encoding: CopyReading["encoding"];
  /** Quoted name of the column whose values the ranges are; undefined if the source has another way. */
  readonly key?: string;
};

/** Integers from `from` up to, not including, `to`. Ranges are named after the unit, as `pages 0-64` or `key 1-600`. */
export type Interval = { readonly unit: string; readonly from: number; readonly to: number };

/** A part of an interval. The last range has no end. */
export type RowRange = { readonly from: number; readonly to: number | undefined };

/** How a column gets into the engine and into a file. */
export type ColumnFormat = {
  /** DuckDB's type as which the value's text is read, or its binary form. */
  readonly read: string;
  /** DuckDB's expression for the value in the file, given the quoted name of the column that was read. */
  readonly write: (column: string) => string;
  /** DuckDB's type in the file. */
  readonly dataType: string;
  /** Undefined if the source evaluates no condition on the column. */
  readonly comparison?: Comparison | undefined;
};

export type Statement = {
  readonly columns: readonly (ColumnFormat & { readonly name: string })[];
  /** In the encoding `csv`. */
  readonly rows: RowStream;
};

/**
 * Rows on their way into the engine. A database that writes an encoding of the engine itself is faster by far: then its
 * bytes are passed on untouched. Otherwise rows come as batches, which are encoded as CSV.
 */
export type RowStream =
  | { readonly batches: AsyncIterable<ColumnBatch> }
  | {
      /** Writes all rows to `sink` with backpressure. Returns the server's count of rows; undefined if it reports none. */
      readonly writeTo: (sink: Writable) => Promise<number | undefined>;
    };

/** Some rows, column by column: each value as text that DuckDB reads as the column's type, or null. */
export type ColumnBatch = {
  readonly rowCount: number;
  readonly columns: readonly (readonly (string | null)[])[];
};

/** The row sources that a process serves, by the name of their connector. */
// biome-ignore lint/suspicious/noExplicitAny: each login is made by the connector of the same name.
export type RowSources = ReadonlyMap<string, RowSource<any>>;
