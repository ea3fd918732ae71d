import type { PlannedJob } from "./open-plan.ts";

/** What a file in storage may not have in its name: slashes and control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const refused = /[/\\\u0000-\u001f\u007f]/gu;
/** Characters of a table's name that go into a file's; with the chunk's number it stays below 255. */
const tableNameMax = 200;

const kinds = {
  parquet: { extension: "parquet", contentType: "application/vnd.apache.parquet" },
  csv: { extension: "csv", contentType: "text/csv" },
} as const;

/** Name and media type of a chunk's file, as `orders-00003.parquet`. */
export function chunkFile(
  { plannedTables, format }: Pick<PlannedJob, "plannedTables" | "format">,
  tableIndex: number,
  chunkIndex: number,
): { name: string; contentType: string } {
  const { extension, contentType } = kinds[format];
  const table = Array.from(plannedTables[tableIndex]?.name ?? "").slice(0, tableNameMax);
  const number = String(chunkIndex).padStart(5, "0");
  return { name: `${table.join("").replace(refused, "_")}-${number}.${extension}`, contentType };
}

export const manifestFile = { name: "manifest.json", contentType: "application/json" };
