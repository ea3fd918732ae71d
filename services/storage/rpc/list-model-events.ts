import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import * as repository from "../models/event-repository.ts";
import { modelNotFound } from "../models/model-errors.ts";
import { toEvent } from "../models/model-message.ts";
import { findModel } from "../models/model-repository.ts";

export const listModelEvents =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.listModelEvents> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const model = await findModel(db, scope, request);
    if (!model) throw modelNotFound(request.model);
    const { rows, ...page } = await repository.listModelEvents(db, scope, model.modelId, request);
    return { events: rows.map(toEvent), ...page };
  };
