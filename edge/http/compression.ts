import { promisify } from "node:util";
import {
  brotliCompress,
  brotliDecompress,
  constants,
  gunzip,
  gzip,
  zstdCompress,
  zstdDecompress,
} from "node:zlib";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidField } from "../../services/lib/rpc/errors.ts";
import { messageTooLarge } from "../errors/http-error.ts";

/** Smaller messages are not compressed: it costs more than it saves. */
const compressBytesMin = 1024;

/** The default of brotli, 11, takes a hundred times as long as gzip for a few per cent. */
export const brotliQuality = 4;

export type Compression = {
  readonly name: string;
  compress(bytes: Uint8Array): Promise<Buffer>;
  /** Fails as soon as the output exceeds the limit. */
  decompress(bytes: Uint8Array, bytesMax: number, tooLarge?: (bytesMax: number) => Error): Promise<Buffer>;
};

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

function compression(name: string, compress: Compression["compress"], inflate: Inflate): Compression {
  return {
    name,
    compress,
    async decompress(bytes, bytesMax, tooLarge = messageTooLarge) {
      // Some clients send an empty message without the frame of the format.
      if (bytes.byteLength === 0) return Buffer.alloc(0);
      try {
        // Zlib takes a limit of 0 for no limit.
        return await inflate(bytes, { maxOutputLength: Math.max(1, bytesMax) });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax);
        throw notCompressedAs(name);
      }
    },
  };
}

const params = { [constants.BROTLI_PARAM_QUALITY]: brotliQuality };
const brotli = promisify(brotliCompress);

const compressions = new Map(
  [
    compression("gzip", promisify(gzip), promisify(gunzip)),
    compression("br", (bytes) => brotli(bytes, { params }), promisify(brotliDecompress)),
    compression("zstd", promisify(zstdCompress), promisify(zstdDecompress)),
  ].map((one) => [one.name, one]),
);

/** The value of headers that list the accepted codings. */
export const acceptedEncodings = [...compressions.keys()].join(",");

/** The compression of a name; undefined for identity. An unknown one is Unimplemented. */
export function compressionOf(name: string | undefined): Compression | undefined {
  if (name === undefined || name === "" || name === "identity") return undefined;
  const found = compressions.get(name);
  if (found) return found;
  throw compressionUnknown(name);
}

const compressionUnknown = (name: string): ConnectError =>
  failure(
    Code.Unimplemented,
    ErrorReason.COMPRESSION_UNKNOWN,
    `the compression ${JSON.stringify(name)} is unknown: there are ${acceptedEncodings}`,
    { "accept-encoding": acceptedEncodings },
  );

/** The error for a body that its content coding can't decode. */
export const notCompressedAs = (name: string): ConnectError => invalidField("body", `is not ${name}`);

/** The accepted compression with the highest q-value; the first of equals. */
export function acceptedCompression(list: string | undefined): Compression | undefined {
  if (list === undefined || list === "identity") return undefined;
  let [best, bestQ]: [Compression | undefined, number] = [undefined, 0];
  for (const item of list.split(",")) {
    const [name = "", parameter = ""] = item.split(";");
    const found = compressions.get(name.trim());
    const q = /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1];
    const weight = q === undefined ? 1 : Number(q);
    if (found && weight > bestQ) [best, bestQ] = [found, weight];
  }
  return best;
}

export const isWorthCompressing = (body: Uint8Array | string): boolean => body.length >= compressBytesMin;
