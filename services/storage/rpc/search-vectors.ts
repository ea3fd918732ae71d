import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import type {
  SearchVectorsRequest,
  SearchVectorsResponse_MatchSchema,
  VectorService,
} from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { checkValues } from "../vectors/check-vector.ts";
import { parseMetadataFilter } from "../vectors/filter/metadata-filter.ts";
import { type Near, scoreOf } from "../vectors/nearness.ts";
import { requireCollection } from "../vectors/require-collection.ts";
import type { CollectionShape } from "../vectors/search-engine.ts";
import { searchKDefault } from "../vectors/vector-limits.ts";
import { toMetadata } from "../vectors/vector-message.ts";
import { findVectors, valuesOf } from "../vectors/vector-repository.ts";

type Match = MessageInitShape<typeof SearchVectorsResponse_MatchSchema>;

export const searchVectors =
  ({ db, vectorSearch }: StorageDeps): MethodImpl<typeof VectorService.method.searchVectors> =>
  async (request, context) => {
    const filter = parseMetadataFilter(request.filter);
    const k = request.k || searchKDefault;
    const scope = scopeOf(context);
    const atOnce = await vectorSearch.searchAtOnce(scope, request.collectionId, {
      k,
      filter,
      valuesFor: (shape) => valuesIfValid(shape, request.vector),
    });
    if (atOnce) return { matches: await toMatches(db, atOnce.collection, atOnce.found, request) };
    const collection = await requireCollection(db, scope, request.collectionId);
    const values = checkValues(collection, request.vector, "vector");
    const found = await vectorSearch.search(collection, { values, k, filter });
    return { matches: await toMatches(db, collection, found, request) };
  };

/** An error is told after it is known that the caller may read the collection. */
function valuesIfValid(shape: CollectionShape, vector: readonly number[]): Float32Array | undefined {
  try {
    return checkValues(shape, vector, "vector");
  } catch {
    return undefined;
  }
}

async function toMatches(
  db: Db,
  collection: CollectionShape,
  found: readonly Near[],
  { includeValues, includeMetadata }: SearchVectorsRequest,
): Promise<Match[]> {
  const matchOf = ({ vectorId, nearness }: Near) => ({
    vectorId,
    score: scoreOf(collection.metric, nearness),
  });
  if (!includeValues && !includeMetadata) return found.map(matchOf);
  const ids = found.map(({ vectorId }) => vectorId);
  const stored = await findVectors(db, collection, ids, { withValues: includeValues });
  return found.flatMap((near) => {
    // It can have been deleted since.
    const row = stored.get(near.vectorId);
    if (!row) return [];
    return {
      ...matchOf(near),
      ...(includeValues && { values: [...valuesOf(row.values)] }),
      ...(includeMetadata && { metadata: toMetadata(row) }),
    };
  });
}
