import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { extname } from "node:path";
import { EngineFailure } from "../engine-failure.ts";
import type { FileFormat, ReadingSettings } from "../reading-settings.ts";
import { binaryKindOf, compressionOf } from "./decode/file-kinds.ts";

const prefixBytes = 64 * 1024;

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
  ".xlsx": "xlsx",
  ".xlsm": "xlsx",
};
/** Extensions of compression, which follow that of the format. */
const packing = /\.(gz|gzip|zst|zstd|bz2|zip)$/i;

type Input = {
  readonly path: string;
  readonly fileName: string;
  readonly settings: Pick<ReadingSettings, "format" | "compression" | "encoding">;
};

/** The format by the settings, else by the file's extension, else by its content. */
export async function findFormat({ path, fileName, settings }: Input): Promise<FileFormat> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(prefixBytes), 0, prefixBytes, 0);
  const prefix = buffer.subarray(0, bytesRead);
  const isAll = bytesRead < prefixBytes;
  if (isAll && prefix.toString().trim() === "")
    throw new EngineFailure("sourceDataInvalid", "the file is empty");
  const named = settings.format ?? formatByExtension[extname(fileName.replace(packing, "")).toLowerCase()];
  if (named) return named;
  if (settings.compression === undefined && isWorkbook(prefix)) return "xlsx";
  const isPacked = (settings.compression ?? compressionOf(prefix)) !== "none";
  return isPacked ? "csv" : guess(prefix, settings.encoding !== undefined);
}

/** A zip whose first file is one that workbooks begin with. */
const isWorkbook = (prefix: Buffer): boolean =>
  compressionOf(prefix) === "zip" &&
  /^(\[Content_Types\]\.xml|_rels\/|docProps\/|xl\/)/.test(
    prefix.toString("latin1", zipNameAt, zipNameAt + 32),
  );

/** Offset of the first file's name in a zip. */
const zipNameAt = 30;

function guess(prefix: Buffer, isEncoded: boolean): FileFormat {
  if (/^PAR[1E]$/.test(prefix.toString("latin1", 0, 4))) return "parquet";
  if (/^\uFEFF?\s*[[{]/.test(prefix.toString())) return "json";
  if (isEncoded || isText(prefix)) return "csv";
  const kind = binaryKindOf(prefix);
  throw new EngineFailure(
    "sourceDataInvalid",
    kind === undefined
      ? "its format is not known: name it csv, json, ndjson, parquet or xlsx in the source's settings.format"
      : `it is ${kind}; CSV, JSON, NDJSON, Parquet and XLSX are read`,
  );
}

function isText(prefix: Buffer): boolean {
  const hasMark = /^(fffe|feff)/.test(prefix.toString("hex", 0, 2));
  // The last character may be incomplete.
  const isWhole = [0, 1, 2, 3].some((cut) => isUtf8(prefix.subarray(0, prefix.length - cut)));
  return hasMark || (isWhole && !prefix.includes(0));
}
