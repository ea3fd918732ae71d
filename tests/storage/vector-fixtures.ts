import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  VectorMetric as Metric,
  type SearchVectorsRequestSchema,
  type UpsertVectorsRequestSchema,
  type VectorCollectionSchema,
  type VectorSchema,
  VectorService,
} from "../../gen/sluice/storage/v1/vectors_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { RunningService } from "../lib/test-mesh.ts";

export type NewVector = MessageInitShape<typeof VectorSchema> & { vectorId: string };

export const vectorsOf = (service: RunningService, who: Principal) => service.client(VectorService, who);

/** Creates a collection, of the dimension 2 unless it says otherwise, and returns its id. */
export async function createCollection(
  service: RunningService,
  who: Principal,
  collection: MessageInitShape<typeof VectorCollectionSchema> = {},
): Promise<string> {
  const { collection: created } = await vectorsOf(service, who).createCollection({
    collection: { name: crypto.randomUUID(), dimension: 2, metric: Metric.COSINE, ...collection },
  });
  return created?.collectionId ?? "";
}

/** Upserts vectors in messages of up to 1000. */
export async function upsert(
  service: RunningService,
  who: Principal,
  collectionId: string,
  vectors: readonly NewVector[],
): Promise<bigint> {
  const { upsertedCount } = await vectorsOf(service, who).upsertVectors(messagesOf(collectionId, vectors));
  return upsertedCount;
}

async function* messagesOf(
  collectionId: string,
  vectors: readonly NewVector[],
): AsyncGenerator<MessageInitShape<typeof UpsertVectorsRequestSchema>> {
  for (let at = 0; at === 0 || at < vectors.length; at += 1000) {
    yield { collectionId: at === 0 ? collectionId : "", vectors: vectors.slice(at, at + 1000) };
  }
}

/** Ids of the vectors that a search finds, in its order. */
export async function searchIds(
  service: RunningService,
  who: Principal,
  request: MessageInitShape<typeof SearchVectorsRequestSchema>,
): Promise<string[]> {
  const { matches } = await vectorsOf(service, who).searchVectors(request);
  return matches.map(({ vectorId }) => vectorId);
}

/** Numbers from -1 to 1 that are the same in each run. */
export function createNumbers(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * 0.999;
  };
}
