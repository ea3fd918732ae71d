import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { aliasNotFound } from "../models/model-errors.ts";
import { toVersion } from "../models/model-message.ts";
import { findVersionByAlias } from "../models/version-repository.ts";

export const getModelVersionByAlias =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.getModelVersionByAlias> =>
  async (request, context) => {
    const row = await findVersionByAlias(db, scopeOf(context), request, request.alias);
    if (!row) throw aliasNotFound(request.model, request.alias);
    return { modelVersion: toVersion(row) };
  };
