import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type File, FileCategory, FileSchema } from "../../gen/sluice/storage/v1/files_pb.ts";
import { type Quota, QuotaSchema } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { enumWords } from "../lib/values/enum-words.ts";
import type { FileRow } from "./file-repository.ts";
import type { QuotaRow } from "./quota-repository.ts";

const categories = enumWords<FileRow["category"], FileCategory>({
  upload: FileCategory.UPLOAD,
  staging: FileCategory.STAGING,
  release: FileCategory.RELEASE,
});

/** The category of a filter; undefined for any. */
export const toCategory = categories.toWord;

export function toFile(row: FileRow): File {
  return create(FileSchema, {
    fileId: row.fileId,
    name: row.name,
    contentType: row.contentType,
    sizeBytes: BigInt(row.sizeBytes),
    sha256: row.sha256,
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    etag: String(row.revision),
    category: categories.toValue(row.category),
    path: row.path ?? "",
  });
}

export function toQuota({ limitBytes, updateTime, revision }: QuotaRow): Quota {
  return create(QuotaSchema, {
    limitBytes: BigInt(limitBytes),
    ...(updateTime && { updateTime: timestampFromDate(updateTime) }),
    etag: String(revision),
  });
}
