import type { MethodImpl } from "@connectrpc/connect";
import type { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import * as repository from "../vectors/collection-repository.ts";
import { toCollection } from "../vectors/vector-message.ts";

export const listCollections =
  ({ db, vectorSearch }: StorageDeps): MethodImpl<typeof VectorService.method.listCollections> =>
  async (request, context) => {
    const scope = narrow(scopeOf(context), request.namespace);
    const { rows, ...page } = await repository.listCollections(db, scope, request);
    return { collections: rows.map((row) => toCollection(row, vectorSearch.isIndexed(row))), ...page };
  };
