import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { HttpFile } from "../../gen/sluice/common/v1/options_pb.ts";
import type { Representation } from "../../services/lib/content/choose-answer.ts";
import type { Seal } from "../../services/lib/content/sealed-content.ts";
import type { VerifiedFile } from "./shared-folder.ts";

/** A content that was handed over. Further reads need only a confirmation of its lease. */
export type CachedContent = {
  readonly file: VerifiedFile;
  readonly lease: string;
  readonly expiresAtMs: number;
  /** Headers of a response with the whole content. */
  readonly headers: Readonly<Record<string, string>>;
  readonly representation: Representation;
};

export function cachedContentOf(
  { path, fingerprint, lease, sizeBytes, expireTime, dataKey }: HttpFile,
  headers: Readonly<Record<string, string>>,
): CachedContent {
  return {
    file: { path, fingerprint, seal: sealOf(dataKey, sizeBytes) },
    lease,
    expiresAtMs: expireTime ? timestampMs(expireTime) : Number.POSITIVE_INFINITY,
    headers,
    representation: {
      sizeBytes: Number(sizeBytes),
      entityTag: headers.etag ?? "",
      lastModifiedMs: Date.parse(headers["last-modified"] ?? ""),
    },
  };
}

/** Copies the key: the message's buffer is as large as the message. */
const sealOf = (dataKey: Uint8Array, sizeBytes: bigint): Seal | undefined =>
  dataKey.length > 0 ? { dataKey: Buffer.from(dataKey), sizeBytes: Number(sizeBytes) } : undefined;
