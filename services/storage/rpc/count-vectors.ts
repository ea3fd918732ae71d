import type { MethodImpl } from "@connectrpc/connect";
import type { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { parseMetadataFilter } from "../vectors/filter/metadata-filter.ts";
import { requireCollection } from "../vectors/require-collection.ts";
import * as repository from "../vectors/vector-repository.ts";

export const countVectors =
  ({ db }: StorageDeps): MethodImpl<typeof VectorService.method.countVectors> =>
  async (request, context) => {
    const filter = parseMetadataFilter(request.filter);
    const collection = await requireCollection(db, scopeOf(context), request.collectionId);
    const count = filter ? await repository.countVectors(db, collection, { filter }) : collection.vectorCount;
    return { count: BigInt(count) };
  };
