import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, startStorage } from "./fixtures.ts";
import { modelsOf, register } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: GetModelVersionByAlias answers what GetModelVersion does, also while the alias moves", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  const { modelId } = await register(storage(), who);
  await register(storage(), who);
  await models.setModelAlias({ model: "churn", alias: "champion", version: 1 });
  const { modelVersion } = await models.getModelVersion({ model: "churn", version: 1 });
  for (const model of ["churn", modelId]) {
    const found = await models.getModelVersionByAlias({ model, alias: "champion" });
    expect(found.modelVersion).toEqual(modelVersion);
  }
  const seen = new Set<number | undefined>();
  const move = async () => {
    for (let count = 0; count < 20; count += 1)
      await models.setModelAlias({ model: "churn", alias: "champion", version: 1 + (count % 2) });
  };
  const read = async () => {
    for (let count = 0; count < 40; count += 1)
      seen.add(
        (await models.getModelVersionByAlias({ model: "churn", alias: "champion" })).modelVersion?.version,
      );
  };
  await Promise.all([move(), read()]);
  expect([...seen].every((version) => version === 1 || version === 2)).toBe(true);
});

test("NotFound: an alias that is not there, and another organisation's", async () => {
  const who = principal();
  await register(storage(), who);
  const models = modelsOf(storage(), who);
  await models.setModelAlias({ model: "churn", alias: "champion", version: 1 });
  const missing = (alias: string) => ({ code: "NotFound", metadata: { model: "churn", alias } });
  expect(await failureOf(models.getModelVersionByAlias({ model: "churn", alias: "best" }))).toMatchObject(
    missing("best"),
  );
  const stranger = modelsOf(storage(), principal());
  expect(
    await failureOf(stranger.getModelVersionByAlias({ model: "churn", alias: "champion" })),
  ).toMatchObject(missing("champion"));
});
