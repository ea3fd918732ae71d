import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { modelsOf, register, versionMissing } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: GetModelVersion by name and by id", async () => {
  const who = principal();
  const version = await register(storage(), who);
  const models = modelsOf(storage(), { ...who, roles: ["viewer"] });
  for (const model of ["churn", version.modelId]) {
    expect((await models.getModelVersion({ model, version: 1 })).modelVersion).toEqual(version);
  }
});

test("NotFound, InvalidArgument, PermissionDenied: GetModelVersion", async () => {
  const who = principal();
  const { modelId } = await register(storage(), who);
  const models = modelsOf(storage(), who);
  expect(await failureOf(models.getModelVersion({ model: "churn", version: 2 }))).toEqual(
    versionMissing("churn", 2),
  );
  const stranger = modelsOf(storage(), principal());
  expect(await failureOf(stranger.getModelVersion({ model: modelId, version: 1 }))).toEqual(
    versionMissing(modelId, 1),
  );
  expect(await failureOf(models.getModelVersion({ model: "churn", version: 0 }))).toMatchObject({
    fields: ["version"],
  });
  const none = modelsOf(storage(), { ...who, roles: [] });
  expect(await failureOf(none.getModelVersion({ model: "churn", version: 1 }))).toEqual(
    lacking("storage.models.read"),
  );
});
