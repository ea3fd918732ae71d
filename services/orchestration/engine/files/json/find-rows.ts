import { type FileHandle, open } from "node:fs/promises";
import { EngineFailure } from "../../engine-failure.ts";
import type { PlainInput } from "../readable.ts";
import { JsonError } from "./json-error.ts";
import type { JsonRange } from "./scan-range.ts";
import { isSpace } from "./skip-between-rows.ts";

const blockBytes = 64 * 1024;
const markBytes = 3;
const openBracket = 91;
const closeBracket = 93;

/** The extent of the rows; `hasMark` if the file starts with a byte order mark. */
export type FoundRows = { readonly range: JsonRange; readonly hasMark: boolean };

/** Detects from both ends of a file whether its rows are the elements of an array. */
export async function findRows(input: PlainInput, format: "json" | "ndjson"): Promise<FoundRows> {
  await using file = await open(input.path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(markBytes), 0, markBytes, 0);
  const hasMark = bytesRead === markBytes && buffer.equals(Buffer.from([0xef, 0xbb, 0xbf]));
  const start = hasMark ? markBytes : 0;
  const first = await findByte(file, start, input.sizeBytes);
  if (!first) throw new EngineFailure("sourceDataInvalid", "the file is empty");
  const range = { path: input.path, from: start, to: input.sizeBytes };
  if (format === "ndjson" || first.byte !== openBracket)
    return { range: { ...range, layout: "lines" }, hasMark };
  const last = await findLastByte(file, first.at, input.sizeBytes);
  if (last.byte !== closeBracket || last.at === first.at) {
    throw new JsonError(last.at, "the list of rows that begins the file does not end it");
  }
  return { range: { path: input.path, from: first.at + 1, to: last.at, layout: "list" }, hasMark };
}

type FoundByte = { readonly byte: number; readonly at: number };

async function findByte(file: FileHandle, from: number, to: number): Promise<FoundByte | undefined> {
  const block = Buffer.alloc(blockBytes);
  for (let at = from; at < to; ) {
    const { bytesRead } = await file.read(block, 0, blockBytes, at);
    if (bytesRead === 0) return undefined;
    const index = block.subarray(0, bytesRead).findIndex((byte) => !isSpace(byte));
    if (index >= 0) return { byte: block[index] ?? 0, at: at + index };
    at += bytesRead;
  }
  return undefined;
}

async function findLastByte(file: FileHandle, from: number, to: number): Promise<FoundByte> {
  const block = Buffer.alloc(blockBytes);
  for (let end = to; end > from; ) {
    const start = Math.max(from, end - blockBytes);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const index = block.subarray(0, bytesRead).findLastIndex((byte) => !isSpace(byte));
    if (index >= 0) return { byte: block[index] ?? 0, at: start + index };
    end = start;
  }
  return { byte: openBracket, at: from };
}
