export type TypedColumn = { readonly name: string; readonly dataType: string };

/** How a Parquet file is read: all columns unchanged, or the given expressions over them. */
export type Reading = { readonly format: "parquet"; readonly columns?: readonly ExtractColumn[] | undefined };

/** A column of an extract: `expression` is DuckDB's SQL over the columns of `reading`. */
export type ExtractColumn = { readonly name: string; readonly expression: string };
