import { pipeline, Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { ConnectError } from "@connectrpc/connect";
import { bodyTooLarge } from "../../errors/http-error.ts";
import { type Compression, compressionOf, notCompressedAs } from "../compression.ts";
import { type HttpRequest, headerOf } from "../http.ts";

/** The coding of a request's body, undefined for none; one that is not known gets 415. */
export function requestCompressionOf(request: HttpRequest): Compression | undefined {
  const header = headerOf(request, "content-encoding")?.trim().toLowerCase();
  // The older name of the same.
  return compressionOf(header === "x-gzip" ? "gzip" : header);
}

/** A whole body without its coding. No more than the limit is made of it. */
export async function inflateBody(
  bytes: Buffer,
  compression: Compression | undefined,
  messageBytesMax: number,
): Promise<Buffer> {
  return compression ? compression.decompress(bytes, messageBytesMax, bodyTooLarge) : bytes;
}

/** A body that is still coming, without its coding; no faster than it is taken. */
export async function* inflatePieces(
  pieces: AsyncIterable<Buffer>,
  compression: Compression,
): AsyncGenerator<Buffer> {
  const inflater = createInflater(compression.name);
  // What goes wrong comes out where the pieces are read.
  pipeline(Readable.from(pieces), inflater, () => undefined);
  try {
    for await (const piece of inflater) yield piece;
  } catch (error) {
    throw error instanceof ConnectError ? error : notCompressedAs(compression.name);
  }
}

function createInflater(name: string) {
  if (name === "zstd") return createZstdDecompress();
  return name === "br" ? createBrotliDecompress() : createGunzip();
}
