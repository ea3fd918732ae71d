import { Code } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidField } from "../../../services/lib/rpc/errors.ts";
import { type HttpRequest, headerOf } from "../../http/http.ts";
import { checksumAlgorithms, uploadBytesMax } from "./version.ts";

/** The type of bodies with bytes of an upload. */
export const bytesType = "application/offset+octet-stream";

const int64Max = 2n ** 63n - 1n;

/** A header with a number of bytes; undefined without it. */
export function readBytes(request: HttpRequest, name: string): bigint | undefined {
  const text = headerOf(request, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value > int64Max) throw invalidField(name, "must be a number of bytes");
  return value;
}

/** Upload-Length. Throws 413 beyond Tus-Max-Size. */
export function readLength(request: HttpRequest): bigint | undefined {
  const length = readBytes(request, "upload-length");
  if (length === undefined || length <= uploadBytesMax) return length;
  throw failure(
    Code.InvalidArgument,
    ErrorReason.CONTENT_TOO_LARGE,
    `upload-length: is more than ${uploadBytesMax} bytes, the most that one upload may have`,
    { limit_bytes: String(uploadBytesMax) },
  );
}

/** Upload-Checksum: the algorithm and the checksum; undefined without it. */
export function readChecksum(
  request: HttpRequest,
): { readonly checksumAlgorithm: string; readonly checksum: Uint8Array } | undefined {
  const text = headerOf(request, "upload-checksum");
  if (text === undefined) return undefined;
  const [checksumAlgorithm = "", encoded = "", ...rest] = text.split(" ");
  if (!checksumAlgorithms.includes(checksumAlgorithm)) {
    throw invalidField("upload-checksum", `must begin with one of ${checksumAlgorithms.join(", ")}`);
  }
  const checksum = decodeBase64(encoded);
  if (checksum === undefined || checksum.length === 0 || rest.length > 0) {
    throw invalidField("upload-checksum", "must be an algorithm, a space, and the checksum in base64");
  }
  return { checksumAlgorithm, checksum };
}

/** Upload-Metadata: values by key. Throws for what the specification forbids. */
export function readMetadata(request: HttpRequest): ReadonlyMap<string, string> {
  const text = headerOf(request, "upload-metadata") ?? "";
  const pairs = text === "" ? [] : text.split(",").map(readPair);
  const values = new Map(pairs);
  if (values.size < pairs.length) throw invalidField("upload-metadata", "has a key twice");
  return values;
}

function readPair(pair: string): [key: string, value: string] {
  const [key = "", encoded = "", ...rest] = pair.trim().split(" ");
  const value = decodeBase64(encoded);
  if (key === "" || value === undefined || rest.length > 0) {
    throw invalidField("upload-metadata", "must be pairs of a key, a space, and a value in base64");
  }
  try {
    return [key, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value)];
  } catch {
    throw invalidField("upload-metadata", `the value of ${key} must be UTF-8`);
  }
}

/** Undefined for what is no base64; clients disagree on the padding. */
function decodeBase64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
