import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { contentCorrupt } from "../errors.ts";
import type { BlobHeader } from "./blob-folder.ts";

/** Writes a stream to a new file, and compares size and hash with the announced ones. Throws contentCorrupt. */
export async function writeBlob(
  path: string,
  { sha256, sizeBytes }: BlobHeader,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  let bytes = 0n;
  for await (const chunk of chunks) {
    bytes += BigInt(chunk.length);
    if (bytes > sizeBytes) throw contentCorrupt();
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  if (bytes !== sizeBytes || hash.digest("hex") !== sha256) throw contentCorrupt();
}
