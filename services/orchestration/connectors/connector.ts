import type { z } from "zod";
import type { SpelledValue } from "../results/spelled-value.ts";

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

/** Ends the work on a data source: what `signal` aborts with is the error that the caller gets. */
export type Limit = { readonly signal: AbortSignal; readonly timeoutMs: number };

/**
 * One data source. Every function fails with FailedPrecondition (SOURCE_DATA_INVALID, SECRET_NOT_FOUND,
 * ADDRESS_REFUSED) or Unavailable (SOURCE_UNREACHABLE) when the source can't be read.
 */
export type DataSource = {
  /** Tries to reach it and answers name and version of what answered. */
  test(limit: Limit): Promise<{ serverVersion: string }>;
  /** Answers its tables. */
  discover(limit: Limit): Promise<DiscoveredTable[]>;
  /** Runs one statement that reads. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED). */
  query(query: Query, limit: Limit): Promise<QueryResult>;
};

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

export type QueryResult = {
  readonly columns: readonly { readonly name: string; readonly dataType: string }[];
  readonly rows: readonly (readonly SpelledValue[])[];
  /** Whether there are more rows. */
  readonly truncated: boolean;
};
