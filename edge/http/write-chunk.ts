import type { Writable } from "node:stream";
import { type HttpResponse, isGone } from "./http.ts";

/** Largest single write: a slow reader is judged by whether it takes one. */
const writeBytesMax = 256 * 1024;

/** Writes a chunk. The promise, if any, resolves when the stream has room again, or is closed. */
export function writeChunk(stream: Writable, chunk: string | Uint8Array): Promise<void> | undefined {
  if (isOver(stream)) return undefined;
  if (chunk.length > writeBytesMax) return writeParts(stream, chunk);
  return stream.write(chunk) ? undefined : drained(stream);
}

async function writeParts(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  for (let at = 0; at < bytes.byteLength && !isOver(stream); at += writeBytesMax) {
    if (!stream.write(bytes.subarray(at, at + writeBytesMax))) await drained(stream);
  }
}

/** Ends a response with its whole body. Node sends a string in one write with the headers. */
export function endWith(response: HttpResponse, body: string | Uint8Array): void {
  if (body.length <= writeBytesMax) response.end(body);
  else void writeParts(response as unknown as Writable, body).then(() => response.end());
}

// In HTTP/2 the stream is destroyed, and not the response.
const isOver = (stream: Writable): boolean => isGone(stream as unknown as HttpResponse);

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}
