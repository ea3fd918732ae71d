import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  ResumableUploadKind as Kind,
  type ResumableUpload,
  ResumableUploadSchema,
} from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import type { UploadRow } from "./upload-repository.ts";

const kinds = enumWords<UploadRow["kind"], Kind>({
  whole: Kind.WHOLE,
  partial: Kind.PARTIAL,
  concatenated: Kind.CONCATENATED,
});

/** The kind of a request; undefined if it names none. */
export const toKind = kinds.toWord;

export function toUpload(row: UploadRow): ResumableUpload {
  return create(ResumableUploadSchema, {
    uploadId: row.uploadId,
    name: row.name,
    contentType: row.contentType,
    ...(row.lengthBytes !== null && { lengthBytes: BigInt(row.lengthBytes) }),
    sha256: row.sha256 ?? "",
    namespace: row.namespace,
    kind: kinds.toValue(row.kind),
    metadata: row.metadata,
    offsetBytes: BigInt(row.offsetBytes),
    isFinished: row.state === "finished",
    createTime: timestampFromDate(row.createTime),
    expireTime: timestampFromDate(row.expireTime),
    concatenation: row.concatenation,
  });
}
