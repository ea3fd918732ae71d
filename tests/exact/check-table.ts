import type { FileFormat } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import type { ForeignDatabase } from "../orchestration/foreign-database.ts";
import { databaseSource } from "../staging/mesh.ts";
import { canonical, type Plain } from "./canonical.ts";
import type { ReadTable } from "./keeps.ts";
import type { ColumnKind, Table } from "./tables.ts";
import { createSource, stage, type World } from "./world.ts";
import { toCsv, toJsonArray, toNdjson, toParquet, toPostgresql } from "./write-tables.ts";

/** Formats in which a table is loaded into Sluice. */
export const inputs = ["csv", "json", "ndjson", "parquet", "postgresql"] as const;
export type Input = (typeof inputs)[number];

/** Inputs that lose values today. A fixed one must leave the list. */
export const losing: readonly Input[] = [];

const writers = { csv: toCsv, json: toJsonArray, ndjson: toNdjson, parquet: toParquet };

/** Loads a table into Sluice and returns the files that a job stages. */
export async function stageTable(
  world: World,
  foreign: ForeignDatabase,
  table: Table,
  input: Input,
  format: FileFormat,
): Promise<Buffer> {
  const sourceId = await createTableSource(world, foreign, table, input);
  return Buffer.concat(await stage(world, sourceId, format));
}

async function createTableSource(world: World, foreign: ForeignDatabase, table: Table, input: Input) {
  if (input !== "postgresql") {
    const content = Buffer.from(await writers[input](table));
    return createSource(world, { name: `table.${input}`, content, settings: {} });
  }
  await foreign.sql.unsafe(`drop table if exists t; ${toPostgresql(table, "t")}`);
  const { sourceId } = await databaseSource(world.mesh, world.user, foreign);
  return sourceId;
}

/** Describes the first difference between a table and what a reader returns; undefined if there is none. */
export function findDifference(
  table: Table,
  read: Pick<ReadTable, "rows"> & { names: string[] },
): string | undefined {
  const names = table.columns.map(({ name }) => name);
  if (JSON.stringify(read.names) !== JSON.stringify(names)) return `the columns are ${read.names.join(", ")}`;
  if (read.rows.length !== table.rows.length) return `${read.rows.length} rows of ${table.rows.length}`;
  for (const [row, cells] of table.rows.entries()) {
    for (const [index, cell] of cells.entries()) {
      const got = read.rows[row]?.[index] ?? null;
      const column = table.columns[index];
      if (!isSame(got, cell, column?.kind))
        return `row ${row}, ${column?.name} (${column?.kind.type}): ${JSON.stringify(got)} for ${JSON.stringify(cell)}`;
    }
  }
  return undefined;
}

function isSame(got: Plain, cell: string | null, kind: ColumnKind | undefined): boolean {
  if (cell === null || got === null || got === cell) return got === cell;
  // Polars has no UUID type and returns bytes.
  if (kind?.type === "UUID") return got === Buffer.from(cell.replaceAll("-", ""), "hex").toString("base64");
  return !kind?.isText && canonical(got) === canonical(cell);
}
