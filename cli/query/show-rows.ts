import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { type ListValue, ListValueSchema } from "@bufbuild/protobuf/wkt";
import { formatTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

const numeric =
  /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL|DOUBLE|FLOAT|REAL|numeric|bigint|smallint|integer|double|real)\b/i;

/** Prints rows as a table; numbers stand at the right. */
export function showRows(
  terminal: Terminal,
  columns: readonly { name: string; dataType: string }[],
  rows: readonly ListValue[],
): void {
  const titles = columns.map(({ name, dataType }) => ({
    title: name,
    align: numeric.test(dataType) ? ("right" as const) : ("left" as const),
  }));
  const cells = rows.map((row) => (toJson(ListValueSchema, row) as JsonValue[]).map(formatCell));
  for (const line of formatTable(titles, cells, terminal)) terminal.print(line);
}

/** A value as the server sent it: numbers that JSON can't hold exactly are texts, which show all their digits. */
function formatCell(value: JsonValue): string {
  if (value === null) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
