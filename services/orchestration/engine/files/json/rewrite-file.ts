import { open } from "node:fs/promises";
import { normalName } from "../../work-file-names.ts";
import { openPlainWriter } from "../decode/plain-writer.ts";
import { createRowRewriter, type RowColumn } from "./rewrite-row.ts";
import type { JsonRange } from "./scan-range.ts";

const blockBytes = 4 * 1024 * 1024;
const brace = 123;

/** Writes all rows of a file that was scanned, one a line; answers how long the longest one is. */
export async function rewriteFile(
  { path, from, to }: JsonRange,
  columns: ReadonlyMap<string, RowColumn>,
  rowEnds: { readonly longestRowBytes: number },
): Promise<number> {
  await using file = await open(path);
  await using writer = await openPlainWriter(normalName);
  const rewriter = createRowRewriter(columns);
  const reach = Math.max(blockBytes, 2 * rowEnds.longestRowBytes);
  const bytes = Buffer.alloc(reach);
  let longest = 0;
  let kept = 0;
  for (let position = from; position < to || kept > 0; ) {
    const { bytesRead } = await file.read(bytes, kept, Math.min(reach - kept, to - position), position);
    position += bytesRead;
    const end = kept + bytesRead;
    rewriter.use(bytes.subarray(0, end));
    // Rows are whole up to the last one that begins further from the block's end than a row is long.
    const safe = position >= to ? end : end - rowEnds.longestRowBytes;
    let at = bytes.subarray(0, end).indexOf(brace);
    while (at >= 0 && at < safe) {
      const before = rewriter.heldBytes;
      const next = rewriter.write(at);
      longest = Math.max(longest, rewriter.heldBytes - before);
      at = bytes.subarray(0, end).indexOf(brace, next);
    }
    await writer.write(rewriter.take());
    if (position >= to) break;
    const keep = at < 0 ? end : at;
    bytes.copyWithin(0, keep, end);
    kept = end - keep;
  }
  await writer.flush();
  return longest;
}
