import type { MethodImpl } from "@connectrpc/connect";
import type { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { requireCollection } from "../vectors/require-collection.ts";
import { toVector } from "../vectors/vector-message.ts";
import { findVectors } from "../vectors/vector-repository.ts";

export const getVectors =
  ({ db }: StorageDeps): MethodImpl<typeof VectorService.method.getVectors> =>
  async ({ collectionId, vectorIds }, context) => {
    const collection = await requireCollection(db, scopeOf(context), collectionId);
    const found = await findVectors(db, collection, vectorIds, { withValues: true });
    return { vectors: vectorIds.flatMap((vectorId) => found.get(vectorId) ?? []).map(toVector) };
  };
