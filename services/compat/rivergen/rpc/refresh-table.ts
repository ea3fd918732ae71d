import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../../gen/compat/rivergen/v1/catalog_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import { toTable } from "../catalog-message.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";

export const refreshTable =
  ({ catalog }: RivergenDeps): MethodImpl<typeof CatalogService.method.refreshTable> =>
  async ({ tableId }) => {
    const { table, change } = await catalog.refreshTable({ tableId });
    const refreshed = {
      table: toTable(answeredBy("orchestration", table)),
      changed: change !== undefined,
    };
    return succeed(refreshed, "Table refreshed successfully");
  };
