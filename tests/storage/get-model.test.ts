import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ModelStage } from "../../gen/sluice/storage/v1/models_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, startStorage } from "./fixtures.ts";
import { modelMissing, modelsOf, register } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: GetModel by name and by id has the newest versions and the whole one in production", async () => {
  const who = principal();
  const first = await register(storage(), who, { parameters: { depth: "6" }, card: "# Card" });
  for (let count = 0; count < 21; count += 1) {
    await register(storage(), who, { files: [{ path: "m", sha256: first.manifestSha256, sizeBytes: 1n }] });
  }
  const models = modelsOf(storage(), who);
  await models.setModelVersionStage({ model: "churn", version: 1, stage: ModelStage.PRODUCTION });
  const response = await models.getModel({ model: "churn" });
  expect(response.model).toMatchObject({ modelName: "churn", latestVersion: 22, productionVersion: 1 });
  expect(response.versions.map(({ version }) => version)).toEqual(
    Array.from({ length: 20 }, (_, at) => 22 - at),
  );
  expect(response.productionVersion).toEqual({
    ...first,
    stage: ModelStage.PRODUCTION,
    stageTime: expect.anything(),
  });
  expect(await models.getModel({ model: first.modelId })).toEqual(response);
  expect(await models.getModel({ model: first.modelId.toUpperCase(), namespace: "default" })).toEqual(
    response,
  );
});

test("NotFound: a model that is not there, another organisation's, and a name in another namespace", async () => {
  const who = principal();
  const { modelId } = await register(storage(), who);
  const models = modelsOf(storage(), who);
  const stranger = modelsOf(storage(), principal());
  const id = randomUUID();
  expect(await failureOf(models.getModel({ model: id }))).toEqual(modelMissing(id));
  expect(await failureOf(stranger.getModel({ model: modelId }))).toEqual(modelMissing(modelId));
  expect(await failureOf(stranger.getModel({ model: "churn" }))).toEqual(modelMissing("churn"));
  expect(await failureOf(models.getModel({ model: "churn", namespace: "lab" }))).toEqual(
    modelMissing("churn"),
  );
  expect(await failureOf(models.getModel({}))).toMatchObject({ fields: ["model"] });
});
