import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { versionAliased, versionReleased } from "../models/model-errors.ts";
import { recordModelEvents } from "../models/model-event.ts";
import { removeVersions } from "../models/remove-versions.ts";
import { requireLockedModel, requireVersion } from "../models/require.ts";

export const deleteModelVersion =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.deleteModelVersion> =>
  async (request, context) => {
    const { model: name, version: number } = request;
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      const model = await requireLockedModel(tx, scope, request);
      const version = await requireVersion(tx, scope, request, number);
      const [alias] = version.aliases;
      if (alias !== undefined) throw versionAliased(name, number, alias);
      if (version.stage === "production") throw versionReleased(name, number);
      await removeVersions(tx, scope, [version.modelVersionId]);
      const { userId } = scope.principal;
      await recordModelEvents(tx, scope, model, [{ kind: "version_deleted", version: number, userId }]);
    });
    await leasesEnded();
    return {};
  };
