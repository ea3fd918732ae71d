import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type File,
  FileCategory,
  FileKind,
  FileSchema,
  type FileVersion,
  FileVersionSchema,
} from "../../gen/sluice/storage/v1/files_pb.ts";
import {
  type GetUsageResponse,
  GetUsageResponseSchema,
  type Quota,
  QuotaSchema,
  type QuotaWarning,
  QuotaWarningSchema,
} from "../../gen/sluice/storage/v1/quota_pb.ts";
import { type TrashPolicy, TrashPolicySchema } from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import { enumWords } from "../lib/values/enum-words.ts";
import type { FileRow } from "./file-repository.ts";
import { isReached, type Usage } from "./quota/amount.ts";
import type { QuotaRow } from "./quota/quota-repository.ts";
import type { TrashPolicyRow } from "./trash/trash-policy-repository.ts";
import type { VersionRow } from "./versions/version-repository.ts";

const categories = enumWords<FileRow["category"], FileCategory>({
  upload: FileCategory.UPLOAD,
  staging: FileCategory.STAGING,
  release: FileCategory.RELEASE,
  model: FileCategory.MODEL,
});

/** The category of a request; undefined if it names none. */
export const toCategory = categories.toWord;
export const fromCategory = categories.toValue;

const kinds = enumWords<FileRow["kind"], FileKind>({
  data_source: FileKind.DATA_SOURCE,
  profile_image: FileKind.PROFILE_IMAGE,
  general: FileKind.GENERAL,
});

/** The kind of a request; undefined if it names none. */
export const toKind = kinds.toWord;
export const fromKind = kinds.toValue;

/** Each tag once, in one order. */
export const toTags = (tags: readonly string[]): string[] => [...new Set(tags)].sort();

export function toFile(row: FileRow): File {
  return create(FileSchema, {
    fileId: row.fileId,
    name: row.name,
    contentType: row.contentType,
    detectedContentType: row.detectedContentType,
    sizeBytes: BigInt(row.sizeBytes),
    sha256: row.sha256,
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    etag: String(row.revision),
    category: categories.toValue(row.category),
    path: row.path ?? "",
    namespace: row.namespace,
    folder: row.folder,
    kind: kinds.toValue(row.kind),
    objectName: row.objectName ?? "",
    tags: row.tags,
    properties: row.properties,
    version: row.version,
    contentTime: timestampFromDate(row.contentTime ?? row.createTime),
    ...(row.deleteTime && { deleteTime: timestampFromDate(row.deleteTime) }),
    ...(row.purgeTime && { purgeTime: timestampFromDate(row.purgeTime) }),
  });
}

export const toFileVersion = (row: VersionRow): FileVersion =>
  create(FileVersionSchema, {
    version: row.version,
    sizeBytes: BigInt(row.sizeBytes),
    sha256: row.sha256,
    contentType: row.contentType,
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
    isCurrent: row.isCurrent,
  });

export const toTrashPolicy = ({ undeleteWindowMs, updateTime, revision }: TrashPolicyRow): TrashPolicy =>
  create(TrashPolicySchema, {
    undeleteWindow: durationFromMs(undeleteWindowMs),
    ...(updateTime && { updateTime: timestampFromDate(updateTime) }),
    etag: String(revision),
  });

export function toQuota(row: QuotaRow): Quota {
  return create(QuotaSchema, {
    ...limitsOf(row),
    ...(row.warnBytes !== null && { warnBytes: BigInt(row.warnBytes) }),
    ...(row.warnFiles !== null && { warnFiles: BigInt(row.warnFiles) }),
    ...(row.updateTime && { updateTime: timestampFromDate(row.updateTime) }),
    etag: String(row.revision),
  });
}

export function toUsage(row: QuotaRow, namespace: string): GetUsageResponse {
  return create(GetUsageResponseSchema, {
    ...limitsOf(row),
    usedBytes: BigInt(row.usedBytes),
    reservedBytes: BigInt(row.reservedBytes),
    fileCount: BigInt(row.fileCount),
    reservedFiles: BigInt(row.reservedFiles),
    warnings: toWarnings([{ ...row, namespace: namespace === "" ? null : namespace }]),
    driftBytes: BigInt(row.driftBytes),
    driftFiles: BigInt(row.driftFiles),
    ...(row.recountTime && { recountTime: timestampFromDate(row.recountTime) }),
  });
}

const limitsOf = ({ limitBytes, limitFiles }: Pick<QuotaRow, "limitBytes" | "limitFiles">) => ({
  ...(limitBytes !== null && { limitBytes: BigInt(limitBytes) }),
  ...(limitFiles !== null && { limitFiles: BigInt(limitFiles) }),
});

/** Warnings of the soft limits that are reached. */
export const toWarnings = (usages: readonly Usage[]): QuotaWarning[] =>
  usages.flatMap((usage) => {
    const { namespace, warnBytes, usedBytes, warnFiles, fileCount } = usage;
    const bytes = isReached(usedBytes, warnBytes);
    const files = isReached(fileCount, warnFiles);
    if (!bytes && !files) return [];
    return create(QuotaWarningSchema, {
      namespace: namespace ?? "",
      ...(bytes && { usedBytes: BigInt(usedBytes), warnBytes: BigInt(warnBytes ?? 0) }),
      ...(files && { fileCount: BigInt(fileCount), warnFiles: BigInt(warnFiles ?? 0) }),
    });
  });
