import type { MethodImpl } from "@connectrpc/connect";
import type { VectorService } from "../../../../gen/compat/rivergen/v1/vectors_pb.ts";
import { notFound } from "../../../lib/rpc/errors.ts";
import type { RivergenDeps } from "../deps.ts";
import { collectionUnknown } from "../errors.ts";
import { findCollection } from "../find-collection.ts";
import { requireService } from "../require-service.ts";
import { succeed } from "../succeed.ts";

export const deleteVector =
  ({ vectors }: RivergenDeps): MethodImpl<typeof VectorService.method.deleteVector> =>
  async ({ id, collection }, context) => {
    requireService(context);
    const name = collection || "default";
    const found = await findCollection(name, (which) => vectors.listCollections(which));
    if (!found) throw collectionUnknown(name);
    const { deletedCount } = await vectors.deleteVectors({
      collectionId: found.collectionId,
      vectorIds: [id],
    });
    if (deletedCount === 0n) throw notFound("vector", id);
    return succeed({ id }, "Vector deleted successfully");
  };
