import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../../gen/compat/rivergen/v1/catalog_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { succeed } from "../succeed.ts";
import { withOwnFields } from "../with-own-fields.ts";

const ownNames = { source_id: "data_source_id", question: "query" };

export const getAiContext =
  ({ catalog }: RivergenDeps): MethodImpl<typeof CatalogService.method.getAiContext> =>
  async ({ query: question, dataSourceId: sourceId, maxTokens, maxTables }) => {
    const { text, tokenCount, tables, omitted } = await withOwnFields(ownNames, () =>
      catalog.getAiContext({ question, sourceId, maxTokens, maxTables }),
    );
    const found = tables.map(({ tableId, sourceId: dataSourceId, schemaName, name: tableName }) => ({
      ...{ tableId, dataSourceId, schemaName, tableName },
    }));
    return succeed({ context: text, tokenCount, tables: found, omitted }, "Context retrieved successfully");
  };
