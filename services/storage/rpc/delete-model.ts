import type { MethodImpl } from "@connectrpc/connect";
import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import type { Db } from "../../lib/database/database.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { recordEvents } from "../audit/record-event.ts";
import type { StorageDeps } from "../deps.ts";
import { versionAliased, versionReleased } from "../models/model-errors.ts";
import { modelEvent } from "../models/model-event.ts";
import { deleteModelRow, findModel, type ModelRef } from "../models/model-repository.ts";
import { removeVersions } from "../models/remove-versions.ts";
import { requireLockedModel } from "../models/require.ts";
import { listVersionIds } from "../models/version-repository.ts";

/** Versions that are removed by one statement. */
const batchMax = 100;

export const deleteModel =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.deleteModel> =>
  async (request, context) => {
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      const model = await requireLockedModel(tx, scope, request);
      const { modelId } = model;
      await refuseUsed(tx, scope, request);
      for (;;) {
        const ids = await listVersionIds(tx, scope, modelId, batchMax);
        if (ids.length === 0) break;
        await removeVersions(tx, scope, ids);
      }
      await deleteModelRow(tx, scope, modelId);
      await recordEvents(tx, scope, modelEvent(AuditKind.MODEL_DELETED, model));
    });
    await leasesEnded();
    return {};
  };

async function refuseUsed(tx: Db, scope: Scope, ref: ModelRef): Promise<void> {
  const model = await findModel(tx, scope, ref);
  const [alias] = model?.aliases ?? [];
  if (alias) throw versionAliased(ref.model, alias.version, alias.alias);
  const version = model?.productionVersion ?? null;
  if (version !== null) throw versionReleased(ref.model, version);
}
