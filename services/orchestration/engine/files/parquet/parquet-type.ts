import { identifier } from "../../sql-text.ts";

/** How a column of a file is written: its type there, as DuckDB names it, and DuckDB's expression for its values. */
type Written = { readonly dataType: string; readonly expression: string };

/** DuckDB's types that a Parquet file has no exact place for: what would be written is rounded, shifted or refused. */
const inexact =
  /\b(HUGEINT|UHUGEINT|BIGNUM|INTERVAL|TIME WITH TIME ZONE|TIME_NS|BIT|UNION|VARIANT|GEOMETRY)\b/;

/** Writes what Parquet has no exact type for as text: a value alone as DuckDB spells it, one that is nested as JSON. */
export function toParquet({ name, dataType }: { name: string; dataType: string }): Written {
  const column = identifier(name);
  if (!inexact.test(dataType)) return { dataType, expression: column };
  const isNested = /[[(]/.test(dataType);
  return {
    dataType: "VARCHAR",
    expression: isNested ? `to_json(${column})::VARCHAR` : `${column}::VARCHAR`,
  };
}
