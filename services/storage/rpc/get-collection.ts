import type { MethodImpl } from "@connectrpc/connect";
import type { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { requireCollection } from "../vectors/require-collection.ts";
import { toCollection } from "../vectors/vector-message.ts";

export const getCollection =
  ({ db, vectorSearch }: StorageDeps): MethodImpl<typeof VectorService.method.getCollection> =>
  async ({ collectionId }, context) => {
    const row = await requireCollection(db, scopeOf(context), collectionId);
    return { collection: toCollection(row, vectorSearch.isIndexed(row)) };
  };
