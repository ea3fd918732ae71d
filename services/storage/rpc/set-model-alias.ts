import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { moveAlias } from "../models/aliases/move-alias.ts";

export const setModelAlias =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.setModelAlias> =>
  async (request, context) => {
    const scope = scopeOf(context);
    return db.transaction((tx) => moveAlias(tx, scope, request));
  };
