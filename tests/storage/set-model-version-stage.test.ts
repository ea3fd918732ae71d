import { expect, test } from "vitest";
import { ModelEventKind as Kind, ModelStage as Stage } from "../../gen/sluice/storage/v1/models_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { announced, modelMissing, modelsOf, notReady, register, versionMissing } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: an approver moves a version to production, and the former one is archived in the same moment", async () => {
  const who = principal();
  await register(storage(), who);
  await register(storage(), who);
  const models = modelsOf(storage(), { ...who, roles: ["approver"] });
  const set = async (version: number, stage: Stage, comment = "") =>
    (await models.setModelVersionStage({ model: "churn", version, stage, comment })).modelVersion;
  expect(await set(1, Stage.PRODUCTION)).toMatchObject({
    stage: Stage.PRODUCTION,
    stageTime: expect.anything(),
  });
  expect(await set(2, Stage.STAGING)).toMatchObject({ stage: Stage.STAGING });
  expect(await set(2, Stage.PRODUCTION, "approved")).toMatchObject({ stage: Stage.PRODUCTION });
  expect(await set(2, Stage.PRODUCTION, "again")).toMatchObject({ stage: Stage.PRODUCTION });
  const { model, versions } = await models.getModel({ model: "churn" });
  expect(model?.productionVersion).toBe(2);
  expect(versions.map(({ stage }) => stage)).toEqual([Stage.PRODUCTION, Stage.ARCHIVED]);
  const { events } = await models.listModelEvents({ model: "churn", filter: "kind = stage_set" });
  const kind = Kind.STAGE_SET;
  const by = { kind, userId: who.userId };
  expect(events).toMatchObject([
    { ...by, version: 2, stage: Stage.PRODUCTION, previousStage: Stage.STAGING, comment: "approved" },
    { ...by, version: 1, stage: Stage.ARCHIVED, previousStage: Stage.PRODUCTION, comment: "approved" },
    { ...by, version: 2, stage: Stage.STAGING, previousStage: Stage.DEVELOPMENT },
    { ...by, version: 1, stage: Stage.PRODUCTION, previousStage: Stage.DEVELOPMENT },
  ]);
});

test("OK: of racing promotions one version is in production at the end", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  const versions = [1, 2, 3, 4];
  for (const _ of versions) await register(storage(), who);
  await Promise.all(
    versions.map((version) =>
      models.setModelVersionStage({ model: "churn", version, stage: Stage.PRODUCTION }),
    ),
  );
  const { modelVersions } = await models.listModelVersions({ model: "churn", filter: "stage = production" });
  expect(modelVersions).toHaveLength(1);
});

test("NotFound, FailedPrecondition, InvalidArgument, PermissionDenied: SetModelVersionStage", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  await register(storage(), who, { files: [announced("m", "later")] });
  const set = (request: object, by = models) =>
    failureOf(by.setModelVersionStage({ model: "churn", version: 1, stage: Stage.STAGING, ...request }));
  expect(await set({})).toEqual(notReady("churn", 1));
  expect(await set({ version: 2 })).toEqual(versionMissing("churn", 2));
  expect(await set({}, modelsOf(storage(), principal()))).toEqual(modelMissing("churn"));
  expect(await set({ stage: 0 })).toEqual({ code: "InvalidArgument", fields: ["stage"] });
  for (const role of ["viewer", "editor"]) {
    expect(await set({}, modelsOf(storage(), { ...who, roles: [role] }))).toEqual(
      lacking("storage.models.promote"),
    );
  }
});
