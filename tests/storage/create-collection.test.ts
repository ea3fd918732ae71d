import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { VectorEngine as Engine, VectorMetric as Metric } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { newOrgWith, only, startStorageWithIdentity } from "./namespaces.ts";
import { createCollection, vectorsOf } from "./vector-fixtures.ts";

const scene = forFile(startStorageWithIdentity);
const as = (who: Parameters<typeof vectorsOf>[1]) => vectorsOf(scene().storage, who);

test("OK: CreateCollection answers the new collection", async () => {
  const who = principal();
  const { collection } = await as(who).createCollection({
    collection: { name: "articles", dimension: 384, metric: Metric.L2 },
  });
  expect(collection).toEqual({
    $typeName: "sluice.storage.v1.VectorCollection",
    collectionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    name: "articles",
    dimension: 384,
    metric: Metric.L2,
    namespace: "default",
    vectorCount: 0n,
    engine: Engine.EXACT,
    creatorUserId: who.userId,
    createTime: expect.anything(),
  });
  const { collection: cosine } = await as(who).createCollection({ collection: { name: "b", dimension: 1 } });
  expect(cosine?.metric).toBe(Metric.COSINE);
});

test("OK: CreateCollection with a request id answers the same collection again", async () => {
  const who = principal();
  const request = { collection: { name: "once", dimension: 2 }, requestId: randomUUID() };
  expect(await as(who).createCollection(request)).toEqual(await as(who).createCollection(request));
});

test("AlreadyExists: a name that the namespace has, for one of two callers at once too", async () => {
  const admin = await newOrgWith(scene().identity, "there");
  const create = (namespace: string) =>
    as(admin).createCollection({ collection: { name: "same", dimension: 2, namespace } });
  const taken = { code: "AlreadyExists", reason: "RESOURCE_EXISTS", metadata: { name: "same" } };
  const [one, other] = await Promise.allSettled([create(""), create("")]);
  expect([one.status, other.status].sort()).toEqual(["fulfilled", "rejected"]);
  expect(await failureOf(create("default"))).toEqual(taken);
  expect((await create("there")).collection?.namespace).toBe("there");
});

test("NotFound: a namespace that never was, and one outside of the caller's", async () => {
  const admin = await newOrgWith(scene().identity, "here", "there");
  const create = (who: typeof admin, namespace: string) =>
    failureOf(as(who).createCollection({ collection: { name: randomUUID(), dimension: 2, namespace } }));
  expect(await create(admin, "nowhere")).toEqual(missing("namespace", "nowhere"));
  expect(await create(only(admin, "here", "editor"), "there")).toEqual(missing("namespace", "there"));
});

test("ResourceExhausted: more collections than an organisation may have, of racing callers too", async () => {
  const who = principal();
  await scene().identity.database.sql`
    insert into storage.vector_collections (collection_id, org_id, name, dimension, metric, creator_user_id)
    select gen_random_uuid(), ${who.orgId}::uuid, 'c' || n, 2, 'cosine', ${who.userId}::uuid from generate_series(1, 998) n`;
  const calls = Array.from({ length: 6 }, () => createCollection(scene().storage, who));
  const ends = await Promise.allSettled(calls);
  expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  expect(await failureOf(createCollection(scene().storage, who))).toEqual({
    code: "ResourceExhausted",
    reason: "VECTOR_LIMIT_EXCEEDED",
    metadata: { limit: "1000" },
  });
});

test.each([
  ["no collection", {}, "collection"],
  ["no name", { collection: { dimension: 2 } }, "collection.name"],
  ["a long name", { collection: { name: "x".repeat(256), dimension: 2 } }, "collection.name"],
  ["a line break in the name", { collection: { name: "a\nb", dimension: 2 } }, "collection.name"],
  ["no dimension", { collection: { name: "x" } }, "collection.dimension"],
  ["a dimension beyond the limit", { collection: { name: "x", dimension: 16_001 } }, "collection.dimension"],
  [
    "an unknown metric",
    { collection: { name: "x", dimension: 2, metric: 9 as Metric } },
    "collection.metric",
  ],
  ["a request id that is none", { collection: { name: "x", dimension: 2 }, requestId: "1" }, "request_id"],
])("InvalidArgument: CreateCollection with %s", async (_title, request, field) => {
  expect(await failureOf(as(principal()).createCollection(request))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

test("PermissionDenied: a viewer", async () => {
  const call = createCollection(scene().storage, principal({ roles: ["viewer"] }));
  expect(await failureOf(call)).toEqual(lacking("storage.vectors.write"));
});
