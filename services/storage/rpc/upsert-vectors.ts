import type { MethodImpl } from "@connectrpc/connect";
import type { UpsertVectorsRequest, VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { checkVectors } from "../vectors/check-vector.ts";
import { receiveWithin } from "../vectors/receive-within.ts";
import { requireCollection } from "../vectors/require-collection.ts";
import { storeVectors } from "../vectors/store-vectors.ts";
import { vectorLimitExceeded } from "../vectors/vector-errors.ts";

export const upsertVectors =
  (deps: StorageDeps): MethodImpl<typeof VectorService.method.upsertVectors> =>
  async (requests, context) => {
    const scope = scopeOf(context);
    const { streamVectorsMax, uploadIdleMs } = deps.limits;
    let collectionId = "";
    let count = 0;
    for await (const request of receiveWithin(requests, uploadIdleMs)) {
      collectionId = collectionOf(request, collectionId);
      const collection = await requireCollection(deps.db, scope, collectionId);
      const vectors = checkVectors(collection, request.vectors);
      count += vectors.length;
      if (count > streamVectorsMax) throw vectorLimitExceeded("stream", streamVectorsMax);
      if (vectors.length > 0) await storeVectors(deps, scope, collectionId, vectors);
    }
    if (collectionId === "") throw invalidField("collection_id", "is required in the first message");
    return { upsertedCount: BigInt(count) };
  };

function collectionOf({ collectionId }: UpsertVectorsRequest, current: string): string {
  const chosen = collectionId || current;
  if (chosen === "") throw invalidField("collection_id", "is required in the first message");
  if (current !== "" && chosen !== current) {
    throw invalidField("collection_id", "is another one than that of the first message");
  }
  return chosen;
}
