import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import type { Extraction } from "../engine/protocol.ts";
import { diskFull } from "../errors.ts";
import type { LentFolder, Loan } from "./lent-folder.ts";

type ChunkBytes = AsyncGenerator<Uint8Array, Extraction>;

/** A chunk that is lent, or the bytes of one that was too large for it. */
type Spooled = { readonly loan: Loan; readonly extraction: Extraction } | { readonly bytes: ChunkBytes };

/** What one chunk may take on the disk before it is lent; of a larger one the bytes are answered. */
const spoolBytesMax = 1024 ** 3;

const pieceBytes = 1024 * 1024;

/**
 * Writes a chunk to a file while it is extracted, and lends the file. Throws diskFull, what `bytes` throws, and the
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
      // What was given up looks as if it had come to its end.
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
  return { bytes: continued(draft, bytes, written) };
}

/** What was written, then what still comes. */
async function* continued(draft: string, bytes: ChunkBytes, written: AsyncDisposable): ChunkBytes {
  await using _written = written;
  yield* createReadStream(draft, { highWaterMark: pieceBytes });
  return yield* bytes;
}
