import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { modelsOf, register } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: ListModels has aliases and the version in production, newest first, and nobody else's", async () => {
  const who = principal();
  await register(storage(), principal(), { modelName: "foreign" });
  await register(storage(), who, { modelName: "first" });
  await register(storage(), who, { modelName: "second" });
  await register(storage(), who, { modelName: "first" });
  const models = modelsOf(storage(), who);
  await models.setModelAlias({ model: "first", alias: "champion", version: 2 });
  await models.setModelVersionStage({ model: "first", version: 1, stage: 3 });
  const { models: listed } = await models.listModels({});
  expect(listed).toMatchObject([
    { modelName: "second", latestVersion: 1, aliases: [], productionVersion: 0 },
    {
      modelName: "first",
      latestVersion: 2,
      aliases: [{ alias: "champion", version: 2, userId: who.userId }],
      productionVersion: 1,
    },
  ]);
  const { model } = await models.getModel({ model: "first" });
  expect(listed[1]).toEqual(model);
});

test("OK: a text is found in name, display name, description and tags, ignoring case", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  const { modelId } = await register(storage(), who, { modelName: "m-1" });
  await register(storage(), who, { modelName: "other" });
  const model = {
    modelId,
    displayName: "Credit Risk",
    description: "for 100% of loans",
    tags: { unit: "Basel" },
  };
  await models.updateModel({ model });
  const found = async (filter: string) =>
    (await models.listModels({ filter })).models.map(({ modelName }) => modelName);
  for (const filter of [
    'text:"credit risk"',
    'text:"100%"',
    'text:"UNIT basel"',
    "model_name:M-",
    `model_id = ${modelId}`,
  ]) {
    expect(await found(filter)).toEqual(["m-1"]);
  }
  expect(await found("text:nothing")).toEqual([]);
  expect((await models.listModels({ orderBy: "model_name desc" })).models).toMatchObject([
    { modelName: "other" },
    { modelName: "m-1" },
  ]);
});

test("InvalidArgument: ListModels with a filter or token that is none; PermissionDenied: no role", async () => {
  const models = modelsOf(storage(), principal());
  expect(await failureOf(models.listModels({ filter: "stage = 1" }))).toMatchObject({
    reason: "FILTER_INVALID",
  });
  expect(await failureOf(models.listModels({ pageToken: "x" }))).toMatchObject({
    reason: "PAGE_TOKEN_INVALID",
  });
  const none = modelsOf(storage(), principal({ roles: [] }));
  expect(await failureOf(none.listModels({}))).toEqual(lacking("storage.models.read"));
});
