import type { MethodImpl } from "@connectrpc/connect";
import type { VectorService } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { parseMetadataFilter } from "../vectors/filter/metadata-filter.ts";
import { removeVectors } from "../vectors/store-vectors.ts";

export const deleteVectors =
  (deps: StorageDeps): MethodImpl<typeof VectorService.method.deleteVectors> =>
  async ({ collectionId, vectorIds, filter }, context) => {
    const selection = vectorIds.length > 0 ? { vectorIds } : { filter: parseMetadataFilter(filter) };
    const deleted = await removeVectors(deps, scopeOf(context), collectionId, selection);
    return { deletedCount: BigInt(deleted) };
  };
