import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { deleteAlias } from "../models/aliases/alias-repository.ts";
import { aliasNotFound } from "../models/model-errors.ts";
import { recordModelEvents } from "../models/model-event.ts";
import { requireLockedModel } from "../models/require.ts";

export const deleteModelAlias =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.deleteModelAlias> =>
  async (request, context) => {
    const { model: name, alias } = request;
    const scope = scopeOf(context);
    await db.transaction(async (tx) => {
      const model = await requireLockedModel(tx, scope, request);
      const version = await deleteAlias(tx, model.modelId, alias);
      if (version === undefined) throw aliasNotFound(name, alias);
      const { userId } = scope.principal;
      await recordModelEvents(tx, scope, model, [{ kind: "alias_deleted", version, alias, userId }]);
    });
    return {};
  };
