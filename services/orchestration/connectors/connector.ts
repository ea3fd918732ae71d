import type { z } from "zod";
import type { FileProblem, FoundColumn } from "../engine/preparation.ts";
import type { ExtractFormat, Extraction, Reading, ResultFormat, WrittenResult } from "../engine/protocol.ts";
import type { RowFilter } from "../engine/row-filter.ts";
import type { QueryResult } from "../results/query-result.ts";
import type { Limit } from "../timing/limit.ts";

/** Settings of a source, as stored: JSON. */
export type Settings = { readonly [key: string]: z.core.util.JSONType };

/** Describes a kind of data source. */
export type ConnectorDescription = {
  /** Value of a source's `connector`. */
  readonly name: string;
  readonly description: string;
  /** Schema of a source's settings. Unknown settings are refused. */
  readonly settings: z.ZodType;
  readonly capabilities: Capabilities;
};

/** What callers can expect of every source of a connector; documented in the contract. */
type Capabilities = {
  readonly manyTables: boolean;
  readonly nativeSql: boolean;
  readonly parallelChunks: boolean;
  readonly repeatableSnapshots: boolean;
  readonly tls: boolean;
  readonly secrets: boolean;
};

/**
 * Creates a data source without connecting. `field` is the path of the settings in the request, for InvalidArgument
 * (SETTINGS_INVALID).
 */
export type OpenSource = (settings: Settings, field: string) => DataSource;

/** A kind of data source. */
export type Connector = ConnectorDescription & { readonly open: OpenSource };

/** A server that a secret is sent to. Identity compares it with the destinations of the secret. */
export type SecretDestination = { readonly connector: string; readonly host: string; readonly port: number };

export type SecretUse = { readonly name: string; readonly destination: SecretDestination };

/**
 * One data source. Every function fails with FailedPrecondition (SOURCE_DATA_INVALID, SECRET_NOT_FOUND,
 * SECRET_NOT_ALLOWED, INSECURE_CONNECTION, ADDRESS_REFUSED) or Unavailable (SOURCE_UNREACHABLE) if the source cannot be
 * read.
 */
export type DataSource = {
  /** Secrets that it sends, and their destinations. Default: none. */
  readonly secrets?: readonly SecretUse[];
  /**
   * Identifies the login that may be insecure; undefined if none may. Changing it requires the permission
   * `sources.insecure`.
   */
  readonly insecureLogin?: string | undefined;
  /** Whether it is a single table, as a file is. Default: false. */
  readonly isOneTable?: boolean;
  /** Connects, and returns the name and version of the server. */
  test(limit: Limit): Promise<{ serverVersion: string }>;
  /** The content that a read would find now. Missing in a source whose content can change unnoticed, as a database's. */
  identify?(signal: AbortSignal): Promise<Content>;
  /** Describes its tables, or one of them; empty if it has not this one. */
  discover(limit: Limit, table?: TableName): Promise<DiscoveredTable[]>;
  /** Runs one statement that reads. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED). */
  query(query: Query, limit: Limit): Promise<QueryResult & Repeatable>;
  /** Reads the first rows of a table, and detects what its settings leave open. */
  preview(request: PreviewRequest, limit: Limit): Promise<Preview & Repeatable>;
  /**
   * Runs one statement that reads, and writes its rows to an existing file. After a failure the content of the file is
   * undefined. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED).
   */
  writeResult(query: FileQuery, limit: Limit): Promise<WrittenResult>;
  /**
   * Opens a snapshot of some tables. FailedPrecondition (SOURCE_CHANGED) if a table differs from the catalog.
   */
  openSnapshot(request: SnapshotRequest, limit: Limit): Promise<Snapshot>;
  /**
   * Describes how tables are read, from types and statistics alone. Missing if the source lends its table.
   * FailedPrecondition (SOURCE_CHANGED).
   */
  describeTables?(tables: readonly SnapshotTable[], limit: Limit): Promise<ReadDescription[]>;
  /** Lends the file that holds the only table, until disposed. Missing if rows have to be moved. */
  lend?(limit: Limit): Promise<LentTable & Disposable>;
};

/** How a table is read. */
export type ReadDescription = {
  /** One for each wanted column, with DuckDB's type. */
  readonly columns: readonly {
    readonly name: string;
    readonly dataType: string;
    readonly comparison?: Comparison | undefined;
  }[];
  /** Statement that the source runs, and its parameters. */
  readonly statement: string;
  readonly parameters: readonly string[];
  /** Estimated. */
  readonly rowCount: number;
};

/** Which conditions on a column a source evaluates as DuckDB does, in that no row is lost. */
export type Comparison = {
  /** `order` for all comparisons, `equality` for `=` and `in`, `none` for those with null only. */
  readonly operators: "order" | "equality" | "none";
  /** Whether no other row matches. */
  readonly isExact: boolean;
  /** Whether null in the source is the same as in DuckDB. Otherwise it has fewer nulls. */
  readonly hasAllNulls: boolean;
};

/** A table in a Parquet file. */
export type LentTable = {
  readonly name: string;
  readonly columns: readonly DiscoveredColumn[];
  readonly path: string;
  readonly reading: Reading;
  readonly contentId: string;
};

/** Content of a source at one time. */
export type Content = {
  /** Hash of the content and of how the source reads it. */
  readonly contentId: string;
  /** Namespace of the content. */
  readonly namespace: string;
};

/** A result with the `contentId` that it depends on alone; undefined if it depends on more. */
export type Repeatable = { readonly contentId?: string | undefined };

/** Names a table of a database. */
export type TableName = { readonly schemaName: string; readonly name: string };

export type PreviewRequest = {
  /** Undefined if the source is a single table. */
  readonly table: TableName | undefined;
  readonly maxRows: number;
};

export type Preview = {
  readonly columns: readonly PreviewColumn[];
  /** Whether the source can be read with these settings; otherwise `problems` explains why not. */
  readonly readable: boolean;
  /** Effective settings, given or detected; empty if nothing is detected. */
  readonly settings: Settings;
  readonly schemaName: string;
  readonly tableName: string;
  readonly rows: QueryResult["rows"];
  /** Whether there are more rows. */
  readonly truncated: boolean;
  /** Undefined if unknown. */
  readonly rowCount: bigint | undefined;
  readonly problems: readonly FileProblem[];
};

type PreviewColumn = Pick<FoundColumn, "name" | "dataType" | "form" | "note"> & {
  /** Undefined if unknown. */
  readonly nullable: boolean | undefined;
};

export type SnapshotRequest = {
  readonly tables: readonly SnapshotTable[];
  /** Approximate rows of a chunk. */
  readonly chunkRows: number;
  readonly format: ExtractFormat;
};

/** A table of the catalog, and the names of the wanted columns, in the order in which they are written. */
export type SnapshotTable = Pick<DiscoveredTable, "schemaName" | "name" | "columns"> & {
  readonly wanted: readonly string[];
  /** The wanted rows: every one that matches, and possibly others. Default: all. */
  readonly filter?: RowFilter | undefined;
  /** Number of rows that suffice. */
  readonly limit?: number | undefined;
};

/** One state of a source, held until disposed. */
export type Snapshot = AsyncDisposable & {
  /** Name of the state, for people. */
  readonly name: string;
  /** Whether a later snapshot of the same name has the same rows in the same chunks. */
  readonly repeatable: boolean;
  readonly time: Date;
  /** The tables of the request, as they will be written. */
  readonly tables: readonly PlannedTable[];
  readonly chunks: readonly PlannedChunk[];
  /** Aborts when the source has lost the snapshot. */
  readonly lost: AbortSignal;
  /** Yields the bytes of a planned chunk, then returns its statistics. ResourceExhausted (EXECUTION_LIMIT, DISK_FULL). */
  extract(chunk: ChunkName, limit: Limit): AsyncGenerator<Uint8Array, Extraction>;
  /** The file that holds a chunk already; undefined if it has to be extracted. Fails like `extract`. */
  fileOf?(chunk: ChunkName, limit: Limit): Promise<ChunkFile | undefined>;
};

/** A chunk as it will be staged. The file does not change until its snapshot is disposed. */
export type ChunkFile = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly extraction: Extraction;
};

type PlannedTable = {
  readonly columns: readonly PlannedColumn[];
  /** Undefined if the source has none. */
  readonly rowSecurity: RowSecurity | undefined;
};

/** Whether policies of the database restrict the rows that are read. */
export type RowSecurity = "inactive" | "active" | "unknown";

export type PlannedColumn = DiscoveredColumn & {
  /** Name in the source; `name` is the name in the file. */
  readonly sourceName: string;
  /** Type in the source; `dataType` is DuckDB's type in the file. */
  readonly sourceType: string;
};

/** Identifies a chunk: index of its table in the request, and a range that the connector has named. */
export type ChunkName = { readonly tableIndex: number; readonly range: string };

export type PlannedChunk = ChunkName & { readonly rowCountExpected: number };

export type DiscoveredColumn = {
  readonly name: string;
  readonly dataType: string;
  readonly nullable: boolean;
};

export type DiscoveredTable = {
  readonly schemaName: string;
  readonly name: string;
  readonly columns: readonly DiscoveredColumn[];
  /** Undefined if unknown. */
  readonly rowCount: bigint | undefined;
  /** What the source says beside. Default: nothing. */
  readonly details?: TableDetails | undefined;
};

/** What a source says about a table beside its columns. A snapshot does not depend on it. */
export type TableDetails = {
  /** Undefined if unknown. */
  readonly sizeBytes?: bigint | undefined;
  readonly comment?: string | undefined;
  /** By the name of the column. */
  readonly columnComments?: Readonly<Record<string, string>> | undefined;
  /** Columns in the order of the key. */
  readonly primaryKey?: readonly string[] | undefined;
  readonly foreignKeys?: readonly ForeignKey[] | undefined;
};

export type ForeignKey = {
  readonly name: string;
  readonly columns: readonly string[];
  readonly referencedSchemaName: string;
  readonly referencedTableName: string;
  /** In the order of `columns`. */
  readonly referencedColumns: readonly string[];
};

export type Query = { readonly sql: string; readonly maxRows: number };

/** A statement whose rows are written. `maxRows` is undefined for all rows. */
export type FileQuery = {
  readonly sql: string;
  readonly maxRows: number | undefined;
  readonly format: ResultFormat;
  readonly outputPath: string;
};
