import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../../gen/compat/rivergen/v1/models_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";

export const deleteModel =
  ({ models }: RivergenDeps): MethodImpl<typeof ModelService.method.deleteModel> =>
  async ({ modelId }) => {
    await models.deleteModel({ model: modelId });
    return succeed({ modelId }, "Model deleted successfully");
  };
