import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import type { Extraction } from "../engine/protocol.ts";
import { diskFull } from "../errors.ts";
import type { LentFolder, Loan } from "./lent-folder.ts";

type ChunkBytes = AsyncGenerator<Uint8Array, Extraction>;

/** A lent chunk, or the stream of one that is too large. */
type Spooled = { readonly loan: Loan; readonly extraction: Extraction } | { readonly bytes: ChunkBytes };

/** Maximum of a chunk that is lent. Larger ones are streamed. */
const spoolBytesMax = 1024 ** 3;

const readBytes = 1024 * 1024;

/**
 * Writes a chunk to a file while it is extracted, and lends the file. Throws diskFull, whatever `bytes` throws, and the
 * signal's reason.
 */
export async function spoolChunk(
  folder: LentFolder,
  bytes: ChunkBytes,
  signal: AbortSignal,
  bytesMax = spoolBytesMax,
): Promise<Spooled> {
  const draft = folder.draftPath();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(draft, { force: true }));
  const hash = createHash("sha256");
  const file = await open(draft, "wx", 0o600);
  let sizeBytes = 0;
  try {
    for (;;) {
      const next = await bytes.next();
      // An aborted extraction looks like a complete one.
      signal.throwIfAborted();
      if (next.done) {
        const loan = await folder.lendDraft(draft, { sha256: hash.digest("hex"), sizeBytes });
        return { loan, extraction: next.value };
      }
      await file.writeFile(next.value);
      hash.update(next.value);
      sizeBytes += next.value.length;
      if (sizeBytes > bytesMax) break;
    }
  } catch (error) {
    await bytes.return(undefined as never).catch(() => {});
    throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? diskFull() : error;
  } finally {
    await file.close();
  }
  const written = stack.move();
  return { bytes: replay(draft, bytes, written) };
}

/** The written part, then the rest of the stream. */
async function* replay(draft: string, bytes: ChunkBytes, written: AsyncDisposable): ChunkBytes {
  await using _written = written;
  yield* createReadStream(draft, { highWaterMark: readBytes });
  return yield* bytes;
}
