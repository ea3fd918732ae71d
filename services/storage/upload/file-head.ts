import type { UploadFileHeader } from "../../../gen/sluice/storage/v1/files_pb.ts";
import type { FileHead } from "../file-repository.ts";
import { toKind, toTags } from "../message.ts";

/** What the header of an upload says of its file. */
export const headOf = (header: UploadFileHeader): FileHead => ({
  name: header.name,
  contentType: header.contentType,
  namespace: header.namespace,
  folder: header.folder ?? "",
  kind: toKind(header.kind) ?? "general",
  tags: toTags(header.tags),
  properties: header.properties,
});
