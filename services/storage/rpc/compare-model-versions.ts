import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { compareVersions } from "../models/compare-versions.ts";
import { requireVersion } from "../models/require.ts";

export const compareModelVersions =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.compareModelVersions> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const { version, otherVersion } = request;
    const [one, other] = await Promise.all([
      requireVersion(db, scope, request, version),
      requireVersion(db, scope, request, otherVersion),
    ]);
    return compareVersions(one, other);
  };
