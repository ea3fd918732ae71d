import { createRequire } from "node:module";

/** DuckDB's client decodes texts without the byte order mark that they begin with, which is a character of theirs. */
export function keepByteOrderMarks(): void {
  const require = createRequire(import.meta.url);
  const accessors = require("@duckdb/node-api/lib/vectors/dataAccessors.js");
  if (!(accessors.textDecoder instanceof TextDecoder))
    throw new Error("DuckDB's client decodes texts elsewhere");
  accessors.textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
}
