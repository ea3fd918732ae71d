import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, sha256, startStorage } from "./fixtures.ts";
import { announced, modelsOf, register, versionMissing } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: CompareModelVersions has what differs, and nothing else", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  await register(storage(), who, {
    files: [announced("a", "1"), announced("b", "2"), announced("same", "=")],
    metrics: { auc: 0.75, gone: 1, nan: Number.NaN },
    parameters: { depth: "6", same: "1" },
    tags: { team: "growth" },
    signature: {
      inputs: [
        { name: "age", type: "double" },
        { name: "", type: "long" },
      ],
      outputs: [{ name: "p", type: "float" }],
    },
  });
  await register(storage(), who, {
    files: [announced("b", "22"), announced("c", "3"), announced("same", "=")],
    metrics: { auc: 0.5, nan: Number.NaN },
    parameters: { depth: "8", same: "1" },
    signature: {
      inputs: [
        { name: "age", type: "float" },
        { name: "", type: "long" },
      ],
      outputs: [{ name: "p", type: "float" }],
    },
  });
  const difference = await models.compareModelVersions({ model: "churn", version: 1, otherVersion: 2 });
  expect(difference).toMatchObject({
    metrics: [
      { name: "auc", value: 0.75, otherValue: 0.5, change: -0.25 },
      { name: "gone", value: 1 },
    ],
    parameters: [{ name: "depth", value: "6", otherValue: "8" }],
    tags: [{ name: "team", value: "growth" }],
    inputs: [{ name: "age", value: "double", otherValue: "float" }],
    outputs: [],
    files: [
      { path: "a", sha256: sha256("1"), otherSha256: "", sizeBytes: 1n, otherSizeBytes: 0n },
      { path: "b", sha256: sha256("2"), otherSha256: sha256("22"), sizeBytes: 1n, otherSizeBytes: 2n },
      { path: "c", sha256: "", otherSha256: sha256("3"), sizeBytes: 0n, otherSizeBytes: 1n },
    ],
  });
  expect([difference.metrics[1]?.otherValue, difference.tags[0]?.otherValue]).toEqual([undefined, undefined]);
  const same = await models.compareModelVersions({ model: "churn", version: 1, otherVersion: 1 });
  expect(same).toMatchObject({ metrics: [], parameters: [], tags: [], inputs: [], outputs: [], files: [] });
});

test("NotFound, InvalidArgument: CompareModelVersions", async () => {
  const who = principal();
  await register(storage(), who);
  const compare = (version: number, otherVersion: number, by = who) =>
    failureOf(modelsOf(storage(), by).compareModelVersions({ model: "churn", version, otherVersion }));
  expect(await compare(1, 2)).toEqual(versionMissing("churn", 2));
  expect(await compare(3, 1)).toEqual(versionMissing("churn", 3));
  expect(await compare(1, 1, principal())).toEqual(versionMissing("churn", 1));
  expect(await compare(1, 0)).toMatchObject({ fields: ["other_version"] });
});
