import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { modelMissing, modelsOf, register } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: DeleteModelAlias removes the alias and keeps the version; NotFound the second time", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  await register(storage(), who);
  await models.setModelAlias({ model: "churn", alias: "champion", version: 1 });
  await models.deleteModelAlias({ model: "churn", alias: "champion" });
  const { modelVersion } = await models.getModelVersion({ model: "churn", version: 1 });
  expect(modelVersion?.aliases).toEqual([]);
  expect(await failureOf(models.deleteModelAlias({ model: "churn", alias: "champion" }))).toEqual({
    code: "NotFound",
    reason: "RESOURCE_NOT_FOUND",
    metadata: { model: "churn", alias: "champion" },
  });
});

test("NotFound: another organisation's model; PermissionDenied: a viewer", async () => {
  const who = principal();
  await register(storage(), who);
  const request = { model: "churn", alias: "champion" };
  expect(await failureOf(modelsOf(storage(), principal()).deleteModelAlias(request))).toEqual(
    modelMissing("churn"),
  );
  const viewer = modelsOf(storage(), { ...who, roles: ["viewer"] });
  expect(await failureOf(viewer.deleteModelAlias(request))).toEqual(lacking("storage.models.write"));
});
