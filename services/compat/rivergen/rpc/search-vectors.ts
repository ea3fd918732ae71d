import type { MethodImpl } from "@connectrpc/connect";
import type { VectorService } from "../../../../gen/compat/rivergen/v1/vectors_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { collectionUnknown } from "../errors.ts";
import { findCollection } from "../find-collection.ts";
import { requireService } from "../require-service.ts";
import { succeed } from "../succeed.ts";
import { withOwnFields } from "../with-own-fields.ts";

export const searchVectors =
  ({ vectors }: RivergenDeps): MethodImpl<typeof VectorService.method.searchVectors> =>
  async ({ collection, vector, topK, filter, includeValues }, context) => {
    requireService(context);
    const name = collection || "default";
    const found = await findCollection(name, (which) => vectors.listCollections(which));
    if (!found) throw collectionUnknown(name);
    const { collectionId } = found;
    const request = { collectionId, vector, k: topK, filter, includeValues, includeMetadata: true };
    const { matches } = await withOwnFields({ k: "top_k" }, () => vectors.searchVectors(request));
    const answer = matches.map(({ vectorId, score, values, metadata }) => ({
      id: vectorId,
      score,
      values,
      ...(metadata && { metadata }),
    }));
    return succeed({ matches: answer }, "Vectors found successfully");
  };
