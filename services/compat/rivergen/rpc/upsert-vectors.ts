import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import type { UpsertVectorsRequest, VectorService } from "../../../../gen/compat/rivergen/v1/vectors_pb.ts";
import { VectorMetric } from "../../../../gen/sluice/storage/v1/vectors_pb.ts";
import { enumWords } from "../../../lib/values/enum-words.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { collectionNamespace, findCollection } from "../find-collection.ts";
import { requireService } from "../require-service.ts";
import { succeed } from "../succeed.ts";
import { withOwnFields } from "../with-own-fields.ts";

const metrics = enumWords<string, VectorMetric>({
  cosine: VectorMetric.COSINE,
  l2: VectorMetric.L2,
  dot: VectorMetric.DOT,
});

const ownNames = { "collection.dimension": "vectors[0].values", "collection.name": "collection" };

export const upsertVectors =
  (deps: RivergenDeps): MethodImpl<typeof VectorService.method.upsertVectors> =>
  async (request, context) => {
    requireService(context);
    const name = request.collection || "default";
    const collectionId = await idOfCollection(deps, name, request);
    const vectors = request.vectors.map(({ id, values, metadata }) => ({
      vectorId: id,
      values,
      ...(metadata && { metadata }),
    }));
    await deps.vectors.upsertVectors(
      (async function* () {
        yield { collectionId, vectors };
      })(),
    );
    return succeed({ collection: name, upsertedCount: vectors.length }, "Vectors stored successfully");
  };

async function idOfCollection(
  { vectors }: RivergenDeps,
  name: string,
  request: UpsertVectorsRequest,
): Promise<string> {
  const find = () => findCollection(name, (which) => vectors.listCollections(which));
  const known = await find();
  if (known) return known.collectionId;
  try {
    const wanted = {
      name,
      namespace: collectionNamespace,
      dimension: request.vectors[0]?.values.length ?? 0,
      metric: metrics.toValue(request.metric || "cosine"),
    };
    const { collection } = await withOwnFields(ownNames, () =>
      vectors.createCollection({ collection: wanted }),
    );
    return answeredBy("storage", collection).collectionId;
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== Code.AlreadyExists) throw error;
    // Another call has made it meanwhile.
    return answeredBy("storage", await find()).collectionId;
  }
}
