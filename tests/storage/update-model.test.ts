import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { modelMissing, modelsOf, register } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: UpdateModel changes what is set, and the etag; Aborted with an etag of before", async () => {
  const who = principal();
  const { modelId } = await register(storage(), who);
  const models = modelsOf(storage(), who);
  const { model } = await models.updateModel({ model: { modelId, displayName: "Churn", etag: "1" } });
  expect(model).toMatchObject({ modelName: "churn", displayName: "Churn", description: "", etag: "2" });
  const stale = models.updateModel({ model: { modelId, displayName: "Other", etag: "1" } });
  expect(await failureOf(stale)).toEqual({
    code: "Aborted",
    reason: "ETAG_MISMATCH",
    metadata: { model: modelId },
  });
  const cleared = await models.updateModel({ model: { modelId }, updateMask: { paths: ["display_name"] } });
  expect(cleared.model).toMatchObject({ displayName: "", etag: "3" });
});

test("NotFound, InvalidArgument, PermissionDenied: UpdateModel", async () => {
  const who = principal();
  const { modelId } = await register(storage(), who);
  for (const id of [modelId, randomUUID()]) {
    const call = modelsOf(storage(), principal()).updateModel({ model: { modelId: id, displayName: "x" } });
    expect(await failureOf(call)).toEqual(modelMissing(id));
  }
  const models = modelsOf(storage(), who);
  expect(await failureOf(models.updateModel({ model: { displayName: "x" } }))).toMatchObject({
    fields: ["model"],
  });
  expect(
    await failureOf(models.updateModel({ model: { modelId, displayName: "x", modelName: "other" } })),
  ).toMatchObject({ fields: ["model.model_name"] });
  const viewer = modelsOf(storage(), { ...who, roles: ["viewer"] });
  expect(await failureOf(viewer.updateModel({ model: { modelId, displayName: "x" } }))).toEqual(
    lacking("storage.models.write"),
  );
});
