import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../../gen/compat/rivergen/v1/catalog_pb.ts";
import { toSchema } from "../catalog-message.ts";
import type { RivergenDeps } from "../deps.ts";
import { readPage } from "../read-page.ts";
import { succeed } from "../succeed.ts";

export const listSchemas =
  ({ catalog }: RivergenDeps): MethodImpl<typeof CatalogService.method.listSchemas> =>
  async (request) => {
    const { dataSourceId: sourceId } = request;
    const { items, pagination } = await readPage(request, async (read) => {
      const { schemas, ...page } = await catalog.listSchemas({ ...read, sourceId });
      return { ...page, items: schemas };
    });
    return succeed({ items: items.map(toSchema), pagination }, "Schemas retrieved successfully");
  };
