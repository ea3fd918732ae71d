import { open } from "node:fs/promises";
import { EngineFailure } from "../../engine-failure.ts";

const blockBytes = 1024 * 1024;
const lineFeed = 10;

/** Line and character of a UTF-8 text, both from 1, as editors show them. */
export type TextPosition = { readonly line: number; readonly character: number };

/** Position after the first `offset` bytes of a file and `more`, both UTF-8. */
export async function positionAt(
  path: string,
  offset: number,
  more: Buffer = Buffer.alloc(0),
): Promise<TextPosition> {
  await using file = await open(path);
  const counter = createPositionCounter();
  const block = Buffer.alloc(blockBytes);
  for (let at = 0; at < offset; ) {
    const { bytesRead } = await file.read(block, 0, Math.min(blockBytes, offset - at), at);
    if (bytesRead === 0) break;
    counter.add(block.subarray(0, bytesRead));
    at += bytesRead;
  }
  counter.add(more);
  return counter.position();
}

function createPositionCounter() {
  let line = 1;
  let before = 0;
  return {
    add(block: Buffer) {
      let begin = 0;
      for (let at = block.indexOf(lineFeed); at >= 0; at = block.indexOf(lineFeed, begin)) {
        line++;
        before = 0;
        begin = at + 1;
      }
      before += charactersOf(block.subarray(begin));
    },
    position: (): TextPosition => ({ line, character: before + 1 }),
  };
}

function charactersOf(text: Buffer): number {
  let count = 0;
  for (const byte of text) if ((byte & 0xc0) !== 0x80) count++;
  return count;
}

const shownBytesMax = 8;

/** Formats bytes as 0xE9 0x6C. */
export const formatBytes = (bytes: Uint8Array): string =>
  [...bytes.subarray(0, shownBytesMax)]
    .map((byte) => `0x${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join(" ");

/** The failure for a byte that is not UTF-8, at `offset` of the file. */
export async function notUtf8(path: string, offset: number): Promise<EngineFailure> {
  const { line, character } = await positionAt(path, offset);
  const bytes = await bytesAt(path, offset);
  return new EngineFailure(
    "sourceDataInvalid",
    `line ${line}, character ${character}: the bytes ${formatBytes(bytes)} are not UTF-8: ` +
      "set settings.encoding to the encoding of the file, as windows-1252",
  );
}

async function bytesAt(path: string, offset: number): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, offset);
  return buffer.subarray(0, bytesRead);
}
