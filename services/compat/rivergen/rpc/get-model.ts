import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../../gen/compat/rivergen/v1/models_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { toModel, toVersion } from "../model-message.ts";
import { succeed } from "../succeed.ts";

export const getModel =
  ({ models }: RivergenDeps): MethodImpl<typeof ModelService.method.getModel> =>
  async ({ modelId }) => {
    const { model, versions } = await models.getModel({ model: modelId });
    const details = { model: toModel(answeredBy("storage", model)), versions: versions.map(toVersion) };
    return succeed(details, "Model retrieved successfully");
  };
