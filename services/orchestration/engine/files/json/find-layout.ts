import { type FileHandle, open } from "node:fs/promises";
import { EngineFailure } from "../../engine-failure.ts";
import type { PlainInput } from "../readable.ts";
import { JsonError } from "./json-error.ts";
import type { JsonRange } from "./scan-range.ts";

const blockBytes = 64 * 1024;
const markBytes = 3;
const openBracket = 91;
const closeBracket = 93;
const isSpace = (byte: number): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9;

/** Where the rows of a file are; `hasMark` where it begins with a byte order mark. */
export type FoundRows = { readonly range: JsonRange; readonly hasMark: boolean };

/** Looks at both ends of a file for whether its rows are the values of a list. */
export async function findRows(input: PlainInput, format: "json" | "ndjson"): Promise<FoundRows> {
  await using file = await open(input.path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(markBytes), 0, markBytes, 0);
  const hasMark = bytesRead === markBytes && buffer.equals(Buffer.from([0xef, 0xbb, 0xbf]));
  const begin = hasMark ? markBytes : 0;
  const first = await findByte(file, begin, input.sizeBytes);
  if (!first) throw new EngineFailure("sourceDataInvalid", "the file is empty");
  const range = { path: input.path, from: begin, to: input.sizeBytes };
  if (format === "ndjson" || first.byte !== openBracket)
    return { range: { ...range, layout: "lines" }, hasMark };
  const last = await findLastByte(file, first.at, input.sizeBytes);
  if (last.byte !== closeBracket || last.at === first.at) {
    throw new JsonError(last.at, "the list of rows that begins the file does not end it");
  }
  return { range: { path: input.path, from: first.at + 1, to: last.at, layout: "list" }, hasMark };
}

type Found = { readonly byte: number; readonly at: number };

async function findByte(file: FileHandle, from: number, to: number): Promise<Found | undefined> {
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

async function findLastByte(file: FileHandle, from: number, to: number): Promise<Found> {
  const block = Buffer.alloc(blockBytes);
  for (let end = to; end > from; ) {
    const begin = Math.max(from, end - blockBytes);
    const { bytesRead } = await file.read(block, 0, end - begin, begin);
    const index = block.subarray(0, bytesRead).findLastIndex((byte) => !isSpace(byte));
    if (index >= 0) return { byte: block[index] ?? 0, at: begin + index };
    end = begin;
  }
  return { byte: openBracket, at: from };
}
