import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService, UploadModelFileHeader } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { finishVersion } from "../models/finish-version.ts";
import { modelFileNotFound, versionFailed } from "../models/model-errors.ts";
import { toVersion } from "../models/model-message.ts";
import { requireVersion } from "../models/require.ts";
import { readAgain, storeModelFile } from "../models/upload-model-file.ts";
import { receiveUpload } from "../upload/receive-upload.ts";

export const uploadModelFile =
  (deps: StorageDeps): MethodImpl<typeof ModelService.method.uploadModelFile> =>
  async (requests, context) => {
    const scope = scopeOf(context);
    const { header, chunks } = await receiveUpload<UploadModelFileHeader>(requests, deps.limits);
    const { model, version: number, path } = header;
    const version = await requireVersion(deps.db, scope, header, number);
    const file = version.files.find((each) => each.path === path);
    if (!file) throw modelFileNotFound(model, number, path);
    if (version.state === "failed") throw versionFailed(model, number);
    if (file.fileId === null) {
      await storeModelFile(deps, scope, { version, file }, { chunks, signal: context.signal });
      await finishVersion(deps, version);
      if (version.lineagePending) deps.modelMaintenance.wake();
    } else await readAgain(file, chunks);
    return { modelVersion: toVersion(await requireVersion(deps.db, scope, header, number)) };
  };
