import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  ListModelVersionsRequestSchema,
  type ModelService,
} from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { modelNotFound } from "../models/model-errors.ts";
import { toListedVersion, toModel, toVersion } from "../models/model-message.ts";
import { findModel } from "../models/model-repository.ts";
import { findProduction, listVersions } from "../models/version-repository.ts";

/** Versions in the response. The contract states it. */
const newest = create(ListModelVersionsRequestSchema, { pageSize: 20 });

export const getModel =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.getModel> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const row = await findModel(db, scope, request);
    if (!row) throw modelNotFound(request.model);
    const [{ rows }, production] = await Promise.all([
      listVersions(db, scope, row.modelId, newest),
      row.productionVersion === null ? undefined : findProduction(db, scope, row.modelId),
    ]);
    return {
      model: toModel(row),
      versions: rows.map((version) => toListedVersion(version, row.modelName)),
      ...(production && { productionVersion: toVersion(production) }),
    };
  };
