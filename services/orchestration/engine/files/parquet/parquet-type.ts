import { identifier } from "../../sql-text.ts";

/** How a column is written: DuckDB's type in the file, and DuckDB's expression for the value. */
type Written = { readonly dataType: string; readonly expression: string };

/** DuckDB's types without an exact Parquet type: values would be rounded, shifted or refused. */
const inexact =
  /\b(HUGEINT|UHUGEINT|BIGNUM|INTERVAL|TIME WITH TIME ZONE|TIME_NS|BIT|UNION|VARIANT|GEOMETRY)\b/;

/** Types without an exact Parquet type become text: DuckDB's own, or JSON for nested values. */
export function toParquet({ name, dataType }: { name: string; dataType: string }): Written {
  const column = identifier(name);
  if (!inexact.test(dataType)) return { dataType, expression: column };
  const isNested = /[[(]/.test(dataType);
  return {
    dataType: "VARCHAR",
    expression: isNested ? `to_json(${column})::VARCHAR` : `${column}::VARCHAR`,
  };
}
