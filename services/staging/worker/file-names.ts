import type { PlannedJob } from "./open-plan.ts";

/** Characters that storage refuses in file names: slashes and control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern has to match them
const refused = /[/\\\u0000-\u001f\u007f]/gu;
/** Characters of a table's name in a file name. With the chunk number the name stays below 255. */
const tableNameMax = 200;

const kinds = {
  parquet: { extension: "parquet", contentType: "application/vnd.apache.parquet" },
  csv: { extension: "csv", contentType: "text/csv" },
} as const;

/** Name and media type of a chunk's file, for example `orders-00003.parquet`. */
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
