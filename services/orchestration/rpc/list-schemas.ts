import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { toSchema } from "../catalog/catalog-message.ts";
import * as repository from "../catalog/schema-repository.ts";
import type { OrchestrationDeps } from "../deps.ts";

export const listSchemas =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CatalogService.method.listSchemas> =>
  async (request, context) => {
    const scope = narrow(scopeOf(context), request.namespace);
    const { rows, ...page } = await repository.listSchemas(db, scope, request, request.sourceId);
    return { schemas: rows.map(toSchema), ...page };
  };
