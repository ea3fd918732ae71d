import type { MethodImpl } from "@connectrpc/connect";
import type { ReleaseService } from "../../../gen/sluice/storage/v1/releases_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound } from "../errors.ts";
import { insertPackageHolds } from "../holds/package-hold-repository.ts";
import { lockStagedFiles } from "../release-repository.ts";

export const holdPackageFiles =
  ({ db }: StorageDeps): MethodImpl<typeof ReleaseService.method.holdPackageFiles> =>
  async ({ packageId, fileIds }, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      const staged = await lockStagedFiles(tx, scope, fileIds);
      const gone = fileIds.find((fileId) => !staged.has(fileId.toLowerCase()));
      if (gone !== undefined) throw fileNotFound(gone);
      await insertPackageHolds(tx, scope, packageId, fileIds);
    });
    return {};
  };
