import type { FileHandle } from "node:fs/promises";

/** Writes all bytes. A single write to a pipe writes only as many as the pipe has room for. */
export async function writeFully(output: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await output.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}
