import { create, type JsonObject } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Vector,
  type VectorCollection,
  VectorCollectionSchema,
  VectorEngine,
  VectorMetric,
  VectorSchema,
} from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import type { CollectionRow } from "./collection-repository.ts";
import type { Metric } from "./nearness.ts";
import { type StoredVector, valuesOf } from "./vector-repository.ts";

const metrics = enumWords<Metric, VectorMetric>({
  cosine: VectorMetric.COSINE,
  l2: VectorMetric.L2,
  dot: VectorMetric.DOT,
});

export const toMetric = (metric: VectorMetric): Metric => metrics.toWord(metric) ?? "cosine";

export function toCollection(row: CollectionRow, isIndexed: boolean): VectorCollection {
  return create(VectorCollectionSchema, {
    collectionId: row.collectionId,
    name: row.name,
    dimension: row.dimension,
    metric: metrics.toValue(row.metric),
    namespace: row.namespace,
    vectorCount: BigInt(row.vectorCount),
    engine: isIndexed ? VectorEngine.PGVECTOR : VectorEngine.EXACT,
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
  });
}

export const toVector = (row: StoredVector): Vector =>
  create(VectorSchema, {
    vectorId: row.vectorId,
    values: [...valuesOf(row.values)],
    metadata: toMetadata(row),
  });

export const toMetadata = ({ metadataJson }: StoredVector): JsonObject => JSON.parse(metadataJson);
