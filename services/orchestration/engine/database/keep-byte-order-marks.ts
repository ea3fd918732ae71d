import { createRequire } from "node:module";

/** DuckDB's client drops a byte order mark at the start of a string, although it is part of the value. */
export function keepByteOrderMarks(): void {
  const require = createRequire(import.meta.url);
  const accessors = require("@duckdb/node-api/lib/vectors/dataAccessors.js");
  if (!(accessors.textDecoder instanceof TextDecoder))
    throw new Error("DuckDB's client decodes texts elsewhere");
  accessors.textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
}
