import type { MessageInitShape } from "@bufbuild/protobuf";
import type { UploadHeader } from "../../../gen/compat/rivergen/v1/files_pb.ts";
import type { UploadFileRequestSchema } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { kindOf } from "./file-message.ts";

type Part =
  | { readonly case: "header"; readonly value: UploadHeader }
  | { readonly case: "chunk"; readonly value: Uint8Array }
  | { readonly case: undefined; readonly value?: undefined };

/** RiverGen's names of the fields of an upload. */
export const uploadNames = {
  "header.name": "file_name",
  "header.folder": "path",
  "header.kind": "file_category",
};

/** The messages of Sluice's own upload, one for each of RiverGen's. */
export async function* toNativeUpload(
  requests: AsyncIterable<{ readonly part: Part }>,
): AsyncGenerator<MessageInitShape<typeof UploadFileRequestSchema>> {
  for await (const { part } of requests) {
    if (part.case === "chunk") yield { part };
    else if (part.case === "header") yield { part: { case: "header", value: headerOf(part.value) } };
  }
}

function headerOf({ path, fileCategory, fileName, contentType, sizeBytes }: UploadHeader) {
  const folder = path.replace(/^\//, "").replace(/\/$/, "");
  return {
    name: fileName,
    contentType,
    folder: folder && `${folder}/`,
    kind: kindOf(fileCategory || "data_source"),
    ...(sizeBytes !== undefined && { sizeBytes }),
  };
}
