import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { HttpFile } from "../../gen/sluice/common/v1/options_pb.ts";
import type { Representation } from "../../services/lib/content/choose-answer.ts";
import type { VerifiedFile } from "./shared-folder.ts";

/** A content that was handed over: further reads of it need a confirmation only. */
export type HeldContent = {
  readonly file: VerifiedFile;
  readonly lease: string;
  readonly expiresAtMs: number;
  /** Headers of an answer with the whole. */
  readonly headers: Readonly<Record<string, string>>;
  readonly representation: Representation;
};

export function heldContentOf(
  { path, fingerprint, lease, sizeBytes, expireTime }: HttpFile,
  headers: Readonly<Record<string, string>>,
): HeldContent {
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
