import type { ListCollectionsResponse, VectorCollection } from "../../../gen/sluice/storage/v1/vectors_pb.ts";

type Request = { namespace: string; filter: string };

/** Collections of RiverGen are in this namespace. */
export const collectionNamespace = "default";

/** A collection by its name, in which the contract allows no quotes. */
export async function findCollection(
  name: string,
  list: (request: Request) => Promise<ListCollectionsResponse>,
): Promise<VectorCollection | undefined> {
  const { collections } = await list({ namespace: collectionNamespace, filter: `name = "${name}"` });
  return collections.find((one) => one.name === name);
}
