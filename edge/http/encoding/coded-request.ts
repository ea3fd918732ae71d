import { pipeline, Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { ConnectError } from "@connectrpc/connect";
import { bodyTooLarge } from "../../errors/http-error.ts";
import { type Compression, compressionOf, notCompressedAs } from "../compression.ts";
import { type HttpRequest, headerOf } from "../http.ts";

/** The content coding of a request; undefined for none. Throws 415 for an unknown one. */
export function requestCompressionOf(request: HttpRequest): Compression | undefined {
  const header = headerOf(request, "content-encoding")?.trim().toLowerCase();
  // An older name of gzip.
  return compressionOf(header === "x-gzip" ? "gzip" : header);
}

/** Decodes a whole body, within the limit. */
export async function inflateBody(
  bytes: Buffer,
  compression: Compression | undefined,
  messageBytesMax: number,
): Promise<Buffer> {
  return compression ? compression.decompress(bytes, messageBytesMax, bodyTooLarge) : bytes;
}

/** Decodes a body as it is received, no faster than it is consumed. */
export async function* inflateChunks(
  chunks: AsyncIterable<Buffer>,
  compression: Compression,
): AsyncGenerator<Buffer> {
  const inflater = createInflater(compression.name);
  // Errors surface where the chunks are read.
  pipeline(Readable.from(chunks), inflater, () => undefined);
  try {
    for await (const chunk of inflater) yield chunk;
  } catch (error) {
    throw error instanceof ConnectError ? error : notCompressedAs(compression.name);
  }
}

function createInflater(name: string) {
  if (name === "zstd") return createZstdDecompress();
  return name === "br" ? createBrotliDecompress() : createGunzip();
}
