import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { HttpFile } from "../../gen/sluice/common/v1/options_pb.ts";
import type { Representation } from "../../services/lib/content/choose-answer.ts";
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
  { path, fingerprint, lease, sizeBytes, expireTime }: HttpFile,
  headers: Readonly<Record<string, string>>,
): CachedContent {
  return {
    file: { path, fingerprint },
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
