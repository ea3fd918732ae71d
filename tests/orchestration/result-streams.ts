import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { tableFromIPC } from "@uwdata/flechette";
import { parquetReadObjects, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { ResultFormat } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import type { User } from "./orchestration.ts";

export type Streamed = {
  readonly contentType: string;
  readonly headers: Record<string, string>;
  readonly bytes: Buffer;
};

/** The longest timeout that a statement may have, for busy machines. */
const longest = { seconds: 300n };

/** Runs a statement and reads its file to the end. */
export async function stream(
  { executions }: User,
  sourceId: string,
  sql: string,
  format: ResultFormat,
  options: { maxRows?: number; timeout?: { seconds: bigint } } = {},
): Promise<Streamed> {
  const chunks: Uint8Array[] = [];
  let head: { contentType: string; headers: Record<string, string> } | undefined;
  for await (const body of executions.streamQuery({ timeout: longest, sourceId, sql, format, ...options })) {
    const [extension] = body.extensions;
    const unpacked = extension && anyUnpack(extension, HttpHeadSchema);
    if (unpacked) head = { contentType: body.contentType, headers: unpacked.headers };
    chunks.push(body.data);
  }
  if (!head) throw new Error("the stream has no head");
  return { ...head, bytes: Buffer.concat(chunks) };
}

/** The objects of an NDJSON file. */
export const linesOf = ({ bytes }: Streamed): Record<string, unknown>[] =>
  bytes
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** The records of a CSV. Fields are texts, or undefined if empty without quotes. */
export function recordsOf({ bytes }: Streamed): (string | undefined)[][] {
  const text = bytes.toString();
  const records: (string | undefined)[][] = [[]];
  const field = /"((?:[^"]|"")*)"|([^",\n]*)/y;
  for (let at = 0; at < text.length; ) {
    field.lastIndex = at;
    const [all = "", quoted, bare] = field.exec(text) ?? [];
    records.at(-1)?.push(quoted !== undefined ? quoted.replaceAll('""', '"') : bare || undefined);
    at += all.length;
    if (text[at] === "\n" && at + 1 < text.length) records.push([]);
    else if (text[at] !== "," && text[at] !== "\n") throw new Error(`no field ends at ${at}`);
    at += 1;
  }
  return records;
}

/** The columns of a Parquet file, and its rows. */
export async function parquetOf({ bytes }: Streamed) {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const { parquetMetadata } = await import("hyparquet");
  const metadata = parquetMetadata(file);
  return {
    columns: parquetSchema(metadata).children.map(({ element }) => element.name),
    rows: await parquetReadObjects({ file, compressors }),
  };
}

/** The names of an Arrow stream's columns, and the values of each. */
export function arrowOf({ bytes }: Streamed) {
  const table = tableFromIPC(bytes, { useBigInt: true, useDecimalInt: true, useMap: true });
  return {
    names: table.names.map(String),
    types: table.schema.fields.map(({ type }) => type),
    columns: table.children.map((column) => [...column]),
    rowCount: table.numRows,
  };
}

export const formats = [
  ["NDJSON", ResultFormat.NDJSON],
  ["CSV", ResultFormat.CSV],
  ["Parquet", ResultFormat.PARQUET],
  ["Arrow", ResultFormat.ARROW],
] as const;
