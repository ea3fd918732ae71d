import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../../gen/compat/rivergen/v1/files_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { findOwnObject } from "../find-object.ts";
import { succeed } from "../succeed.ts";

export const deleteFile =
  ({ files }: RivergenDeps): MethodImpl<typeof FileService.method.deleteFile> =>
  async (request, context) => {
    const find = (named: { objectName: string }) => files.findFile(named);
    const { fileId, objectName } = await findOwnObject(context, request.objectName, find);
    await files.deleteFile({ fileId });
    return succeed({ objectName }, "File deleted successfully");
  };
