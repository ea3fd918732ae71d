import type { Transformation } from "../lineage.ts";

/** How a source spells its SQL. */
export type Dialect = "duckdb" | "postgresql";

/** A table as a statement names it. */
export type TableReference = {
  /** Schema and table together: what columns refer to. */
  readonly key: string;
  /** Empty without one. */
  readonly schemaName: string;
  readonly name: string;
};

/** A table whose columns are known, named as the statement does. */
type KnownTable = TableReference & { readonly columns: readonly string[] };

/** A column of a statement's result, and what it is made of. */
export type ResultColumnFacts = {
  /** As the statement has it; a placeholder where it gives none. */
  readonly name: string;
  readonly transformation: Transformation;
  readonly from: readonly { readonly tableKey: string; readonly column: string }[];
};

/** What a statement says by itself. */
export type StatementFacts = {
  readonly tables: readonly TableReference[];
  /** In the result's order. */
  readonly columns: readonly ResultColumnFacts[];
};

export type Question = {
  readonly sql: string;
  readonly dialect: Dialect;
  /** Lets `*` and columns without a table be told. */
  readonly knownTables: readonly KnownTable[];
};
