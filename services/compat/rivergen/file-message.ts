import type { MessageInitShape } from "@bufbuild/protobuf";
import type { FileSchema, UploadedFileSchema } from "../../../gen/compat/rivergen/v1/files_pb.ts";
import { type File, FileKind } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import { exactNumber, mebibytes } from "./exact-number.ts";

/** Words of RiverGen's categories. */
const categories = enumWords<string, FileKind>({
  data_source: FileKind.DATA_SOURCE,
  profile_image: FileKind.PROFILE_IMAGE,
  general: FileKind.GENERAL,
});

/** The kind of a category; unspecified for none. */
export const kindOf = (category: string): FileKind =>
  category === "" ? FileKind.UNSPECIFIED : categories.toValue(category);

export const toUploaded = (file: File): MessageInitShape<typeof UploadedFileSchema> => ({
  filePath: file.objectName,
  fileName: file.name,
  uniqueFileName: file.objectName.split("/").at(-1) ?? "",
  size: exactNumber(file.sizeBytes),
  contentType: file.contentType,
  s3Uri: `s3://sluice/${file.objectName}`,
  storageFileId: file.fileId,
});

export function toListed(file: File, presignedUrl: string): MessageInitShape<typeof FileSchema> {
  const sizeBytes = exactNumber(file.sizeBytes);
  const { data_source_id: dataSourceId, workspace_id: workspaceId } = file.properties;
  return {
    storageFileId: file.fileId,
    fileName: file.name,
    objectName: file.objectName,
    sizeBytes,
    sizeMb: mebibytes(sizeBytes),
    contentType: file.contentType,
    fileCategory: categories.toWord(file.kind) ?? "general",
    uploadedAt: file.createTime,
    presignedUrl,
    ...(dataSourceId !== undefined && { dataSourceId }),
    ...(workspaceId !== undefined && { workspaceId }),
  };
}
