import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../../gen/compat/rivergen/v1/files_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { exactNumber } from "../exact-number.ts";
import { findOwnObject } from "../find-object.ts";
import { succeed } from "../succeed.ts";

export const getFileMetadata =
  ({ files }: RivergenDeps): MethodImpl<typeof FileService.method.getFileMetadata> =>
  async ({ objectName }, context) => {
    const file = await findOwnObject(context, objectName, (named) => files.findFile(named));
    const metadata = {
      name: file.objectName,
      size: exactNumber(file.sizeBytes),
      contentType: file.contentType,
      lastModified: file.contentTime ?? file.createTime,
      etag: file.sha256,
    };
    return succeed(metadata, "File metadata retrieved successfully");
  };
