import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { toVersion } from "../models/model-message.ts";
import { requireVersion } from "../models/require.ts";

export const getModelVersion =
  ({ db }: StorageDeps): MethodImpl<typeof ModelService.method.getModelVersion> =>
  async (request, context) => {
    const row = await requireVersion(db, scopeOf(context), request, request.version);
    return { modelVersion: toVersion(row) };
  };
