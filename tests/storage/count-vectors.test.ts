import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { createCollection, upsert, vectorsOf } from "./vector-fixtures.ts";

const storage = forFile(startStorage);

test("OK: CountVectors counts all, or those that match a filter", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  await upsert(storage(), who, collectionId, [
    { vectorId: "a", values: [1, 0], metadata: { lang: "en" } },
    { vectorId: "b", values: [1, 0], metadata: { lang: "de" } },
    { vectorId: "c", values: [1, 0] },
  ]);
  const count = async (filter: string) =>
    (await vectorsOf(storage(), who).countVectors({ collectionId, filter })).count;
  expect(await count("")).toBe(3n);
  expect(await count("lang = en")).toBe(1n);
  expect(await count("lang != en")).toBe(2n);
  expect(await count("lang = en OR lang = de")).toBe(2n);
});

test("InvalidArgument: a filter that is none; NotFound: another organisation's collection", async () => {
  const who = principal();
  const collectionId = await createCollection(storage(), who);
  const broken = vectorsOf(storage(), who).countVectors({ collectionId, filter: "(" });
  expect(await failureOf(broken)).toMatchObject({ code: "InvalidArgument", reason: "FILTER_INVALID" });
  for (const id of [collectionId, randomUUID()]) {
    const call = vectorsOf(storage(), principal()).countVectors({ collectionId: id });
    expect(await failureOf(call)).toMatchObject({ code: "NotFound", metadata: { collection: id } });
  }
});

test("PermissionDenied: somebody without a role", async () => {
  const call = vectorsOf(storage(), principal({ roles: [] })).countVectors({ collectionId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("storage.vectors.read"));
});
