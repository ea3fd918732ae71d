import type { FileHandle } from "node:fs/promises";

/** Writes all bytes; one write to a pipe takes only what the pipe has room for. */
export async function writeFully(output: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await output.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}
