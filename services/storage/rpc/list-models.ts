import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toModel } from "../models/model-message.ts";
import * as repository from "../models/model-repository.ts";

export const listModels =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.listModels> =>
  async (request, context) => {
    const scope = narrow(scopeOf(context), request.namespace);
    const { rows, ...page } = await repository.listModels(db, scope, request);
    return { models: rows.map(toModel), ...page };
  };
