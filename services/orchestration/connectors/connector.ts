import type { z } from "zod";
import type { FileProblem, FoundColumn } from "../engine/preparation.ts";
import type { ExtractFormat, Extraction, ResultFormat, WrittenResult } from "../engine/protocol.ts";
import type { QueryResult } from "../results/query-result.ts";
import type { Limit } from "../timing/limit.ts";

/** A source's settings as they are stored: JSON. */
export type Settings = { readonly [key: string]: z.core.util.JSONType };

/** A kind of data source. */
export type Connector = {
  /** As a source's `connector` gives it. */
  readonly name: string;
  /** What it reads, for people. */
  readonly description: string;
  /** What a source's settings must be. */
  readonly settings: z.ZodType;
  /**
   * A data source from its settings; nothing is reached yet. `field` is the path of the settings in the request, for
   * InvalidArgument (SETTINGS_INVALID).
   */
  open(settings: Settings, field: string): DataSource;
};

/** A server that a secret is sent to, as identity's contract has it. */
export type SecretDestination = { readonly connector: string; readonly host: string; readonly port: number };

export type SecretUse = { readonly name: string; readonly destination: SecretDestination };

/**
 * One data source. Every function fails with FailedPrecondition (SOURCE_DATA_INVALID, SECRET_NOT_FOUND,
 * SECRET_NOT_ALLOWED, INSECURE_CONNECTION, ADDRESS_REFUSED) or Unavailable (SOURCE_UNREACHABLE) when the source can't be
 * read.
 */
export type DataSource = {
  /** The secrets that it sends, and where to; none by default. */
  readonly secrets?: readonly SecretUse[];
  /**
   * Identifies the login that may be insecure; undefined when none may. A change to another value takes the permission
   * `sources.insecure`.
   */
  readonly insecureLogin?: string | undefined;
  /** Whether it is one table, as a file, and not a database of several; not by default. */
  readonly isOneTable?: boolean;
  /** Tries to reach it and answers name and version of what answered. */
  test(limit: Limit): Promise<{ serverVersion: string }>;
  /** Answers its tables. */
  discover(limit: Limit): Promise<DiscoveredTable[]>;
  /** Runs one statement that reads. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED). */
  query(query: Query, limit: Limit): Promise<QueryResult>;
  /** Answers the first rows of a table, and what was found out of it. */
  preview(request: PreviewRequest, limit: Limit): Promise<Preview>;
  /**
   * Runs one statement that reads and writes its rows into a file that is there. When it fails, what is in the file is
   * nothing. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED).
   */
  writeResult(query: FileQuery, limit: Limit): Promise<WrittenResult>;
  /**
   * Opens a snapshot of some tables, each as the catalog has it. FailedPrecondition (SOURCE_CHANGED) when one is not so
   * any more.
   */
  openSnapshot(request: SnapshotRequest, limit: Limit): Promise<Snapshot>;
};

/** Names a table of a database. */
type TableName = { readonly schemaName: string; readonly name: string };

export type PreviewRequest = {
  /** Undefined where the source has one table only. */
  readonly table: TableName | undefined;
  readonly maxRows: number;
};

/** What a source has at a first look. */
export type Preview = {
  readonly columns: readonly PreviewColumn[];
  /** Whether the source can be read so; otherwise the problems say why not. */
  readonly readable: boolean;
  /** The settings that matter, as they were said or found; empty where there is nothing to find. */
  readonly settings: Settings;
  readonly schemaName: string;
  readonly tableName: string;
  readonly rows: QueryResult["rows"];
  /** Whether there are more rows. */
  readonly truncated: boolean;
  /** Undefined when unknown. */
  readonly rowCount: bigint | undefined;
  readonly problems: readonly FileProblem[];
};

type PreviewColumn = Pick<FoundColumn, "name" | "dataType" | "form" | "note"> & {
  /** Undefined when unknown. */
  readonly nullable: boolean | undefined;
};

export type SnapshotRequest = {
  readonly tables: readonly SnapshotTable[];
  /** Rows of a chunk, about. */
  readonly chunkRows: number;
  readonly format: ExtractFormat;
};

/** A table as the catalog has it, and the names of the columns that are wanted of it, in their order. */
export type SnapshotTable = Pick<DiscoveredTable, "schemaName" | "name" | "columns"> & {
  readonly wanted: readonly string[];
};

/** One state of a source, until disposed. */
export type Snapshot = AsyncDisposable & {
  /** Names the state for people. */
  readonly name: string;
  /** Whether a later snapshot of the same name has the same rows in the same chunks. */
  readonly repeatable: boolean;
  readonly time: Date;
  /** Each table of the request as it will be written. */
  readonly tables: readonly PlannedTable[];
  readonly chunks: readonly PlannedChunk[];
  /** Aborts when the source gave the snapshot up. */
  readonly lost: AbortSignal;
  /** The bytes of one chunk of the plan, then what is known of it. ResourceExhausted (EXECUTION_LIMIT, DISK_FULL). */
  extract(chunk: ChunkName, limit: Limit): AsyncGenerator<Uint8Array, Extraction>;
  /** The file that a chunk lies in already; undefined, as by default, when it has to be extracted. Fails as `extract`. */
  fileOf?(chunk: ChunkName, limit: Limit): Promise<ChunkFile | undefined>;
};

/** A chunk as it will be staged. It stays where it is, and as it is, until its snapshot is disposed. */
export type ChunkFile = {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly extraction: Extraction;
};

type PlannedTable = {
  readonly columns: readonly PlannedColumn[];
  /** Undefined where the source has none. */
  readonly rowSecurity: RowSecurity | undefined;
};

/** Whether policies choose the rows of a table that are read. */
export type RowSecurity = "inactive" | "active" | "unknown";

export type PlannedColumn = DiscoveredColumn & {
  /** Name in the source; `name` is the one in the file. */
  readonly sourceName: string;
  /** Type in the source; `dataType` is the one in the file, as DuckDB names it. */
  readonly sourceType: string;
};

/** Which chunk: place of its table in the request, and its rows in the connector's own words. */
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
  /** Undefined when unknown. */
  readonly rowCount: bigint | undefined;
};

export type Query = { readonly sql: string; readonly maxRows: number };

/** A statement whose rows are written; `maxRows` is undefined for all of them. */
export type FileQuery = {
  readonly sql: string;
  readonly maxRows: number | undefined;
  readonly format: ResultFormat;
  readonly outputPath: string;
};
