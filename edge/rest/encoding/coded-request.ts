import { pipeline, Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import { invalidField } from "../../../services/lib/errors.ts";
import { type HttpRequest, headerOf } from "../../http.ts";
import { acceptedEncodings, type Compression, compressionOf } from "../../rpc/compression.ts";
import { bodyTooLarge, encodingUnsupported } from "../http-error.ts";

/** The coding of a request's body, undefined for none; one that is not known gets 415. */
export function requestCompressionOf(request: HttpRequest): Compression | undefined {
  const header = headerOf(request, "content-encoding")?.trim().toLowerCase();
  try {
    // The older name of the same.
    return compressionOf(header === "x-gzip" ? "gzip" : header);
  } catch {
    throw encodingUnsupported(acceptedEncodings);
  }
}

/** A whole body without its coding. No more than the limit is made of it. */
export async function inflateBody(
  bytes: Buffer,
  compression: Compression | undefined,
  bytesMax: number,
): Promise<Buffer> {
  if (!compression) return bytes;
  try {
    return await compression.decompress(bytes, bytesMax);
  } catch (error) {
    throw (error as ConnectError).code === Code.ResourceExhausted
      ? bodyTooLarge(bytesMax)
      : notIn(compression);
  }
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
    throw error instanceof ConnectError ? error : notIn(compression);
  }
}

function createInflater(name: string) {
  if (name === "zstd") return createZstdDecompress();
  return name === "br" ? createBrotliDecompress() : createGunzip();
}

const notIn = ({ name }: Compression) => invalidField("body", `is not in the Content-Encoding ${name}`);
