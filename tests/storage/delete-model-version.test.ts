import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { ModelStage } from "../../gen/sluice/storage/v1/models_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, fileMissing, lacking, startStorage, usage, usageOf } from "./fixtures.ts";
import { modelMissing, modelsOf, register, versionMissing } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: DeleteModelVersion removes the files and releases their quota, and the number is not used again", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  const version = await register(storage(), who, { content: "weights" });
  expect(await usageOf(storage(), who)).toEqual(usage(14, 2));
  await models.deleteModelVersion({ model: "churn", version: 1 });
  expect(await usageOf(storage(), who)).toEqual(usage(7, 1));
  const fileId = version.files[0]?.fileId ?? "";
  expect(await failureOf(storage().client(FileService, who).getFile({ fileId }))).toEqual(
    fileMissing(fileId),
  );
  expect(await failureOf(models.deleteModelVersion({ model: "churn", version: 1 }))).toEqual(
    versionMissing("churn", 1),
  );
  expect((await register(storage(), who)).version).toBe(2);
});

test("FailedPrecondition: a version with an alias, and one in production, until they have gone", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  await register(storage(), who);
  const remove = () => models.deleteModelVersion({ model: "churn", version: 1 });
  const inUse = { code: "FailedPrecondition", reason: "RESOURCE_IN_USE" };
  await models.setModelAlias({ model: "churn", alias: "champion", version: 1 });
  expect(await failureOf(remove())).toMatchObject({ ...inUse, metadata: { alias: "champion" } });
  await models.deleteModelAlias({ model: "churn", alias: "champion" });
  await models.setModelVersionStage({ model: "churn", version: 1, stage: ModelStage.PRODUCTION });
  expect(await failureOf(remove())).toMatchObject(inUse);
  await models.setModelVersionStage({ model: "churn", version: 1, stage: ModelStage.ARCHIVED });
  await remove();
});

test("FailedPrecondition: of an alias and a deletion that race, one wins", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  const rounds = [1, 2, 3, 4, 5, 6];
  for (const _ of rounds) await register(storage(), who);
  const done = (call: Promise<unknown>) =>
    call.then(
      () => true,
      () => false,
    );
  for (const version of rounds) {
    const won = await Promise.all([
      done(models.setModelAlias({ model: "churn", alias: `a${version}`, version })),
      done(models.deleteModelVersion({ model: "churn", version })),
    ]);
    expect(won.filter(Boolean)).toHaveLength(1);
  }
});

test("NotFound: another organisation's; PermissionDenied: a viewer", async () => {
  const who = principal();
  await register(storage(), who);
  const request = { model: "churn", version: 1 };
  expect(await failureOf(modelsOf(storage(), principal()).deleteModelVersion(request))).toEqual(
    modelMissing("churn"),
  );
  const viewer = modelsOf(storage(), { ...who, roles: ["viewer"] });
  expect(await failureOf(viewer.deleteModelVersion(request))).toEqual(lacking("storage.models.write"));
});
