import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import type { StorageDeps } from "../deps.ts";
import { toStage, toVersion } from "../models/model-message.ts";
import { moveStage } from "../models/move-stage.ts";
import { requireVersion } from "../models/require.ts";

export const setModelVersionStage =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.setModelVersionStage> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const { version, comment } = request;
    const stage = required(toStage(request.stage), "stage");
    const row = await db.transaction(async (tx) => {
      await moveStage(tx, scope, request, { version, stage, comment });
      return requireVersion(tx, scope, request, version);
    });
    return { modelVersion: toVersion(row) };
  };
