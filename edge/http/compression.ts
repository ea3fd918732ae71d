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

/** Smaller messages are sent as they are: compressing them costs more than it saves. */
const compressBytesMin = 1024;

/** brotli at its own default takes a hundred times as long as gzip for a few per cent. */
export const brotliQuality = 4;

export type Compression = {
  readonly name: string;
  compress(bytes: Uint8Array): Promise<Buffer>;
  /** Stops as soon as more than the limit comes out. */
  decompress(bytes: Uint8Array, bytesMax: number, tooLarge?: (bytesMax: number) => Error): Promise<Buffer>;
};

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

function compression(name: string, compress: Compression["compress"], inflate: Inflate): Compression {
  return {
    name,
    compress,
    async decompress(bytes, bytesMax, tooLarge = messageTooLarge) {
      // An empty message may come without the frame that the format would put around it.
      if (bytes.byteLength === 0) return Buffer.alloc(0);
      try {
        // A limit of no bytes is none to zlib.
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

/** What the edge takes, as a header lists it. */
export const acceptedEncodings = [...compressions.keys()].join(",");

/** The compression that a request names; none for identity. An unknown one is Unimplemented. */
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

/** What is not compressed as its headers say. */
export const notCompressedAs = (name: string): ConnectError => invalidField("body", `is not ${name}`);

/** The compression that a caller likes best of those it accepts, by the order and the q-values of its list. */
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
