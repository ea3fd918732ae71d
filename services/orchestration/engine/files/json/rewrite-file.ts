import { open } from "node:fs/promises";
import { normalName } from "../../work-file-names.ts";
import { openPlainWriter } from "../decode/plain-writer.ts";
import { createRowRewriter, type RowColumn } from "./rewrite-row.ts";
import type { JsonRange } from "./scan-range.ts";

const blockBytes = 4 * 1024 * 1024;
const brace = 123;

/** Rewrites the rows of a scanned file, one per line; returns the length of the longest. */
export async function rewriteFile(
  { path, from, to }: JsonRange,
  columns: ReadonlyMap<string, RowColumn>,
  scan: { readonly longestRowBytes: number },
): Promise<number> {
  await using file = await open(path);
  await using writer = await openPlainWriter(normalName);
  const rewriter = createRowRewriter(columns);
  const bufferBytes = Math.max(blockBytes, 2 * scan.longestRowBytes);
  const bytes = Buffer.alloc(bufferBytes);
  let longest = 0;
  let carried = 0;
  for (let position = from; position < to || carried > 0; ) {
    const { bytesRead } = await file.read(
      bytes,
      carried,
      Math.min(bufferBytes - carried, to - position),
      position,
    );
    position += bytesRead;
    const end = carried + bytesRead;
    rewriter.use(bytes.subarray(0, end));
    // A row is complete if it starts at least the longest row's length before the end of the block.
    const safe = position >= to ? end : end - scan.longestRowBytes;
    let at = bytes.subarray(0, end).indexOf(brace);
    while (at >= 0 && at < safe) {
      const before = rewriter.heldBytes;
      const next = rewriter.write(at);
      longest = Math.max(longest, rewriter.heldBytes - before);
      at = bytes.subarray(0, end).indexOf(brace, next);
    }
    await writer.write(rewriter.take());
    if (position >= to) break;
    const start = at < 0 ? end : at;
    bytes.copyWithin(0, start, end);
    carried = end - start;
  }
  await writer.flush();
  return longest;
}
