import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../../gen/compat/rivergen/v1/catalog_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import { toTable } from "../catalog-message.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";

export const getTable =
  ({ catalog }: RivergenDeps): MethodImpl<typeof CatalogService.method.getTable> =>
  async ({ tableId }) => {
    const { table } = await catalog.getTable({ tableId });
    return succeed(toTable(answeredBy("orchestration", table)), "Table retrieved successfully");
  };
