import type { MethodImpl } from "@connectrpc/connect";
import type { ReleaseService } from "../../../gen/sluice/storage/v1/releases_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { deletePackageHolds } from "../holds/package-hold-repository.ts";

export const releasePackageFiles =
  ({ db }: StorageDeps): MethodImpl<typeof ReleaseService.method.releasePackageFiles> =>
  async ({ packageId }, context) => {
    await deletePackageHolds(db, scopeOf(context), packageId);
    return {};
  };
