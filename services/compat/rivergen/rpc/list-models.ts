import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../../gen/compat/rivergen/v1/models_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { toModel } from "../model-message.ts";
import { readPage } from "../read-page.ts";
import { succeed } from "../succeed.ts";

export const listModels =
  ({ models }: RivergenDeps): MethodImpl<typeof ModelService.method.listModels> =>
  async (request) => {
    const { items, pagination } = await readPage(request, async (read) => {
      const { models: found, ...page } = await models.listModels(read);
      return { ...page, items: found };
    });
    return succeed({ items: items.map(toModel), pagination }, "Models retrieved successfully");
  };
