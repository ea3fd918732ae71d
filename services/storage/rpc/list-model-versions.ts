import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { modelNotFound } from "../models/model-errors.ts";
import { toListedVersion } from "../models/model-message.ts";
import { findModel } from "../models/model-repository.ts";
import { listVersions } from "../models/version-repository.ts";

export const listModelVersions =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.listModelVersions> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const model = await findModel(db, scope, request);
    if (!model) throw modelNotFound(request.model);
    const { rows, ...page } = await listVersions(db, scope, model.modelId, request);
    return { modelVersions: rows.map((row) => toListedVersion(row, model.modelName)), ...page };
  };
