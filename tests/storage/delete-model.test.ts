import { expect, test } from "vitest";
import { ModelStage } from "../../gen/sluice/storage/v1/models_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage, usage, usageOf } from "./fixtures.ts";
import { modelMissing, modelsOf, register } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: DeleteModel removes versions, files and events; a new model of the name begins with version 1", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  const { modelId } = await register(storage(), who, { content: "weights" });
  await register(storage(), who, { content: "weights" });
  await models.deleteModel({ model: modelId });
  expect(await usageOf(storage(), who)).toEqual(usage(14, 2));
  expect(await failureOf(models.getModel({ model: "churn" }))).toEqual(modelMissing("churn"));
  expect(await failureOf(models.deleteModel({ model: "churn" }))).toEqual(modelMissing("churn"));
  const again = await register(storage(), who);
  expect([again.version, again.modelId === modelId]).toEqual([1, false]);
});

test("FailedPrecondition: a model with an alias, and with a version in production", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  await register(storage(), who);
  const inUse = { code: "FailedPrecondition", reason: "RESOURCE_IN_USE" };
  await models.setModelAlias({ model: "churn", alias: "champion", version: 1 });
  expect(await failureOf(models.deleteModel({ model: "churn" }))).toMatchObject(inUse);
  await models.deleteModelAlias({ model: "churn", alias: "champion" });
  await models.setModelVersionStage({ model: "churn", version: 1, stage: ModelStage.PRODUCTION });
  expect(await failureOf(models.deleteModel({ model: "churn" }))).toMatchObject(inUse);
  expect((await models.getModel({ model: "churn" })).versions).toHaveLength(1);
});

test("NotFound: another organisation's; PermissionDenied: a viewer", async () => {
  const who = principal();
  await register(storage(), who);
  expect(await failureOf(modelsOf(storage(), principal()).deleteModel({ model: "churn" }))).toEqual(
    modelMissing("churn"),
  );
  const viewer = modelsOf(storage(), { ...who, roles: ["viewer"] });
  expect(await failureOf(viewer.deleteModel({ model: "churn" }))).toEqual(lacking("storage.models.write"));
});
