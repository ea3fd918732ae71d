import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { modelsOf, register, versionMissing } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: UpdateModelVersion adds metrics of a later evaluation, bit for bit", async () => {
  const who = principal();
  const version = await register(storage(), who, { metrics: { auc: 0.1 } });
  const { modelId } = version;
  const metrics = { auc: Number.MIN_VALUE, drift: Number.POSITIVE_INFINITY, none: Number.NaN };
  const { modelVersion } = await modelsOf(storage(), who).updateModelVersion({
    modelVersion: { modelId, version: 1, metrics, card: "# New", etag: version.etag },
  });
  expect(modelVersion).toEqual({
    ...version,
    metrics,
    card: "# New",
    updateTime: expect.anything(),
    etag: "2",
  });
});

test("Aborted, NotFound, InvalidArgument, PermissionDenied: UpdateModelVersion", async () => {
  const who = principal();
  const { modelId, modelVersionId } = await register(storage(), who);
  const models = modelsOf(storage(), who);
  const update = (change: object, by = models) =>
    failureOf(by.updateModelVersion({ modelVersion: { modelId, version: 1, description: "x", ...change } }));
  expect(await update({ etag: "7" })).toEqual({
    code: "Aborted",
    reason: "ETAG_MISMATCH",
    metadata: { "model version": modelVersionId },
  });
  expect(await update({ version: 2 })).toEqual(versionMissing(modelId, 2));
  expect(await update({}, modelsOf(storage(), principal()))).toEqual(versionMissing(modelId, 1));
  expect(await update({ modelId: "" })).toMatchObject({ fields: ["model_version"] });
  expect(await update({ algorithm: "other" })).toMatchObject({ fields: ["model_version.algorithm"] });
  const viewer = modelsOf(storage(), { ...who, roles: ["viewer"] });
  expect(await update({}, viewer)).toEqual(lacking("storage.models.write"));
});
