import type { Writable } from "node:stream";
import { type HttpResponse, isGone } from "./http.ts";

/** Most bytes that are written at once: by them it is seen whether a reader takes anything. */
const pieceBytesMax = 256 * 1024;

/** Writes a piece. The promise, if there is one, resolves when the stream takes more, or its reader has gone. */
export function writePiece(stream: Writable, piece: string | Uint8Array): Promise<void> | undefined {
  if (isOver(stream)) return undefined;
  if (piece.length > pieceBytesMax) return writeParts(stream, piece);
  return stream.write(piece) ? undefined : drained(stream);
}

async function writeParts(stream: Writable, piece: string | Uint8Array): Promise<void> {
  const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
  for (let at = 0; at < bytes.byteLength && !isOver(stream); at += pieceBytesMax) {
    if (!stream.write(bytes.subarray(at, at + pieceBytesMax))) await drained(stream);
  }
}

/** Ends an answer with its whole body. Text stays text: Node then sends it in one write with the headers. */
export function endWith(response: HttpResponse, body: string | Uint8Array): void {
  if (body.length <= pieceBytesMax) response.end(body);
  else void writeParts(response as unknown as Writable, body).then(() => response.end());
}

// An answer over HTTP/2 says of its stream whether it is over, and not of itself.
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
