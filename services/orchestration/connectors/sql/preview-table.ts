import { invalidField } from "../../../lib/rpc/errors.ts";
import { identifier } from "../../engine/sql-text.ts";
import type { QueryResult } from "../../results/query-result.ts";
import type { Preview, PreviewRequest, Query } from "../connector.ts";

/** The first rows of a table. The database has declared its types, so nothing is detected. */
export async function previewTable(
  { table, maxRows }: PreviewRequest,
  quoteName: ((name: string) => string) | undefined,
  query: (query: Query) => Promise<QueryResult>,
): Promise<Preview> {
  if (!table) throw invalidField("table", "is required: a database has several");
  const { schemaName, name: tableName } = table;
  const sql = `select * from ${[schemaName, tableName].map(quoteName ?? identifier).join(".")}`;
  const { columns, rows, truncated } = await query({ sql, maxRows });
  return {
    readable: true,
    settings: {},
    schemaName,
    tableName,
    columns: columns.map((column) => ({ ...column, nullable: undefined })),
    rows,
    truncated,
    rowCount: undefined,
    problems: [],
  };
}
