import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService, MatchKind } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { piiClassName, toTable } from "../catalog/catalog-message.ts";
import { searchCatalog as search } from "../catalog/search/search-catalog.ts";
import type { OrchestrationDeps } from "../deps.ts";

export const searchCatalog =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CatalogService.method.searchCatalog> =>
  async (request, context) => {
    const scope = narrow(scopeOf(context), request.namespace);
    const { matches, facets, ...page } = await search(db, scope, request, piiClassName(request.piiClass));
    return {
      ...page,
      matches: matches.map(({ row, rank, matchedColumns }) => ({
        table: toTable(row),
        kind: rank as MatchKind,
        matchedColumns: [...matchedColumns],
      })),
      facets: {
        sources: [...facets.sources],
        schemas: [...facets.schemas],
        tags: [...facets.tags],
        owners: [...facets.owners],
        piiClasses: [...facets.piiClasses],
      },
    };
  };
