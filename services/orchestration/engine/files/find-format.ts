import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { extname } from "node:path";
import { EngineFailure } from "../engine-failure.ts";
import type { FileFormat, ReadingSettings } from "../reading-settings.ts";
import { binaryKindOf, compressionOf } from "./decode/file-kinds.ts";

const beginningBytes = 64 * 1024;

const formatByExtension: Readonly<Record<string, FileFormat>> = {
  ".csv": "csv",
  ".tsv": "csv",
  ".txt": "csv",
  ".json": "json",
  ".geojson": "json",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".parquet": "parquet",
  ".pq": "parquet",
};
/** Extensions that stand behind the one of the format. */
const packing = /\.(gz|gzip|zst|zstd|bz2|zip)$/i;

type Input = {
  readonly path: string;
  readonly fileName: string;
  readonly settings: Pick<ReadingSettings, "format" | "compression" | "encoding">;
};

/** The format as it is said, or as the file's name ends, or else as its content begins. */
export async function findFormat({ path, fileName, settings }: Input): Promise<FileFormat> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
  const beginning = buffer.subarray(0, bytesRead);
  const isAll = bytesRead < beginningBytes;
  if (isAll && beginning.toString().trim() === "")
    throw new EngineFailure("sourceDataInvalid", "the file is empty");
  const named = settings.format ?? formatByExtension[extname(fileName.replace(packing, "")).toLowerCase()];
  if (named) return named;
  const isPacked = (settings.compression ?? compressionOf(beginning)) !== "none";
  return isPacked ? "csv" : guess(beginning, settings.encoding !== undefined);
}

function guess(beginning: Buffer, isEncoded: boolean): FileFormat {
  if (/^PAR[1E]$/.test(beginning.toString("latin1", 0, 4))) return "parquet";
  if (/^\uFEFF?\s*[[{]/.test(beginning.toString())) return "json";
  if (isEncoded || isText(beginning)) return "csv";
  const kind = binaryKindOf(beginning);
  throw new EngineFailure(
    "sourceDataInvalid",
    kind === undefined
      ? "its format is not known: name it csv, json, ndjson or parquet in the source's settings.format"
      : `it is ${kind}; CSV, JSON, NDJSON and Parquet are read`,
  );
}

function isText(beginning: Buffer): boolean {
  const hasMark = /^(fffe|feff)/.test(beginning.toString("hex", 0, 2));
  // The last character may be cut.
  const isWhole = [0, 1, 2, 3].some((cut) => isUtf8(beginning.subarray(0, beginning.length - cut)));
  return hasMark || (isWhole && !beginning.includes(0));
}
