import { Code } from "@connectrpc/connect";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { expect } from "vitest";
import {
  ExtractFormat,
  type ExtractSummary,
  type PlanChunksRequest,
  type PlanChunksResponse,
  type PlannedChunk,
} from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { createFileSource, type Orchestration, type User } from "./orchestration.ts";

/** Discovers a source. Returns the ids of its tables by name. */
export async function tablesOf({ catalog }: User, sourceId: string): Promise<Record<string, string>> {
  const { added } = await catalog.discover({ sourceId });
  return Object.fromEntries(added.map(({ name, tableId }) => [name, tableId]));
}

type PlanOverrides = Partial<Pick<PlanChunksRequest, "chunkRows" | "format">> & {
  tables?: { tableId: string; columns?: string[] }[];
};

/** Plans whole tables as Parquet. */
export const plan = (
  { extracts }: User,
  sourceId: string,
  tableIds: string[],
  overrides: PlanOverrides = {},
): Promise<PlanChunksResponse> =>
  extracts.planChunks({
    sourceId,
    tables: tableIds.map((tableId) => ({ tableId })),
    chunkRows: 1_000_000n,
    format: ExtractFormat.PARQUET,
    ...overrides,
  });

/** A plan of one table, whose source is a new CSV file. */
export async function planFile(mesh: Orchestration, user: User, content = "n\n1\n2\n") {
  const sourceId = await createFileSource(mesh, user, "numbers.csv", content);
  const [tableId = ""] = Object.values(await tablesOf(user, sourceId));
  return { sourceId, tableId, planned: await plan(user, sourceId, [tableId]) };
}

/** The failure of a call about a snapshot that is not there. */
export const snapshotGone = {
  code: Code.FailedPrecondition,
  reason: "SNAPSHOT_GONE",
  fields: [],
  message: expect.any(String),
};

export type Extracted = { readonly bytes: Buffer; readonly summary: ExtractSummary };

/** Reads one chunk of a plan to its end. */
export async function extractChunk(
  { extracts }: User,
  { snapshotId }: PlanChunksResponse,
  chunk: Pick<PlannedChunk, "tableIndex" | "range">,
): Promise<Extracted> {
  const pieces: Uint8Array[] = [];
  let summary: ExtractSummary | undefined;
  const { tableIndex, range } = chunk;
  for await (const { part } of extracts.extractChunk({ snapshotId, tableIndex, range })) {
    if (summary) throw new Error("there is something behind the summary");
    if (part.case === "chunk") pieces.push(part.value);
    if (part.case === "summary") summary = part.value;
  }
  if (!summary) throw new Error("there is no summary");
  return { bytes: Buffer.concat(pieces), summary };
}

/** Reads every chunk of a plan in order. */
export async function extractAll(user: User, planned: PlanChunksResponse): Promise<Extracted[]> {
  const extracted = [];
  for (const chunk of planned.chunks) extracted.push(await extractChunk(user, planned, chunk));
  return extracted;
}

/** Reads the rows of a Parquet file with a library independent of the writer. */
export async function readParquet(bytes: Buffer, options = {}): Promise<Record<string, unknown>[]> {
  return await parquetReadObjects({ file: arrayBufferOf(bytes), compressors, ...options });
}

/** Names and types of a Parquet file's columns, for example `id INT64` or `at INT64 TIMESTAMP`. */
export function parquetColumns(bytes: Buffer): string[] {
  const { children } = parquetSchema(parquetMetadata(arrayBufferOf(bytes)));
  return children.map(({ element }) =>
    [element.name, element.type, element.logical_type?.type ?? element.converted_type]
      .filter(Boolean)
      .join(" "),
  );
}

const arrayBufferOf = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer;

/** The compressions that a Parquet file's columns use. */
export function codecsOf(bytes: Buffer): string[] {
  const { row_groups } = parquetMetadata(arrayBufferOf(bytes));
  return [
    ...new Set(
      row_groups.flatMap(({ columns }) => columns.map(({ meta_data }) => meta_data?.codec ?? "none")),
    ),
  ];
}
