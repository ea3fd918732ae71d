import type { MethodImpl } from "@connectrpc/connect";
import type { InternalFileService } from "../../../../gen/compat/rivergen/v1/internal_files_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { findObject } from "../find-object.ts";
import { requireService } from "../require-service.ts";

export const downloadInternalFile = ({
  files,
}: RivergenDeps): MethodImpl<typeof InternalFileService.method.downloadInternalFile> =>
  async function* ({ objectName, range, ifRange, ifNoneMatch, ifMatch, headOnly }, context) {
    requireService(context);
    const { fileId } = await findObject(objectName, (named) => files.findFile(named));
    yield* files.downloadFile({ fileId, range, ifRange, ifNoneMatch, ifMatch, headOnly });
  };
