import type { IndirectTransformation, Transformation } from "../lineage.ts";

/** SQL dialect of a source. */
export type Dialect = "duckdb" | "mysql" | "postgresql";

/** A reference to a table in a statement. */
export type TableReference = {
  /** Schema and table as the parser writes them. Columns refer to it. */
  readonly key: string;
  /** Empty without one. */
  readonly schemaName: string;
  readonly name: string;
  /** The part before the schema. Default: none. */
  readonly catalogName?: string;
};

/** A referenced table with its columns from the catalog. */
type KnownTable = TableReference & { readonly columns: readonly string[] };

/** A column of a statement's result and its source columns. */
export type ResultColumnFacts = {
  /** Name or alias in the statement; a placeholder if it has neither. */
  readonly name: string;
  readonly transformation: Transformation;
  readonly from: readonly { readonly tableKey: string; readonly column: string }[];
};

/** A column that the rows of the result depend on. */
export type IndirectColumnFacts = {
  readonly transformation: IndirectTransformation;
  readonly tableKey: string;
  readonly column: string;
};

/** Tables and result columns of a parsed statement. */
export type StatementFacts = {
  readonly tables: readonly TableReference[];
  /** In the order of the result. */
  readonly columns: readonly ResultColumnFacts[];
  readonly indirect: readonly IndirectColumnFacts[];
};

export type ParseRequest = {
  readonly sql: string;
  readonly dialect: Dialect;
  /** Resolves `*` and unqualified columns. */
  readonly knownTables: readonly KnownTable[];
};
