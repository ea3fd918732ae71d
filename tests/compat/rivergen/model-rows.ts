import { expect } from "vitest";
import {
  absent,
  as,
  asAnn,
  lacking,
  missing,
  notUuid,
  ok,
  pagination,
  problem,
  type Row,
  type Scene,
  time,
  unauthenticated,
  uuid,
} from "./row.ts";

const version = (modelId: unknown, name: string, stage: string) => ({
  model_id: modelId,
  model_name: name,
  version_id: uuid,
  version_number: 1,
  state: "ready",
  stage,
  algorithm: "trees",
  artifact_uri: `models:/${name}/1`,
  size_bytes: 268,
  metrics: {},
  created_at: time,
});
const model = (modelId: unknown, name: string, promoted: number) => ({
  model_id: modelId,
  model_name: name,
  description: null,
  tags: {},
  latest_version: 1,
  promoted_version: promoted,
  created_at: time,
  updated_at: time,
});
const signature = {
  inputs: [{ name: "age", type: "double" }],
  outputs: [{ name: "churns", type: "boolean" }],
};
const registry = ({ promoted }: Scene, more: object = {}) =>
  ok(
    {
      model_id: promoted,
      model_name: "promoted",
      promoted_version: {
        version_id: uuid,
        version_number: 1,
        algorithm: "trees",
        artifact_uri: "models:/promoted/1",
        promoted_at: time,
      },
      signature,
      mlflow_signature: null,
      versions: [],
      ...more,
    },
    "Model registry entry retrieved successfully",
  );
const modelFields = (fileId: string) => ({
  model_name: "temporary",
  files: [{ path: "model.bin", storage_file_id: fileId }],
  algorithm: "trees",
});

export const modelRows: readonly Row[] = [
  [
    "GET /api/v1/storage/models",
    "OK: the models, newest first",
    as("viewer", {}, 200, (scene: Scene) =>
      ok(
        {
          items: [model(scene.promoted, "promoted", 1), model(scene.model, "churn", 0)],
          pagination: pagination(2),
        },
        "Models retrieved successfully",
      ),
    ),
  ],
  [
    "GET /api/v1/storage/models?page=2&page_size=1",
    "OK: the second of them",
    as("viewer", {}, 200, (scene: Scene) =>
      ok(
        {
          items: [model(scene.model, "churn", 0)],
          pagination: pagination(2, { page: 2, page_size: 1, total_pages: 2, has_previous: true }),
        },
        "Models retrieved successfully",
      ),
    ),
  ],
  [
    "GET /api/v1/storage/models/{model}",
    "OK: one with its versions",
    as("viewer", {}, 200, (scene: Scene) =>
      ok(
        { model: model(scene.model, "churn", 0), versions: [version(scene.model, "churn", "development")] },
        "Model retrieved successfully",
      ),
    ),
  ],
  [
    `GET /api/v1/storage/models/${absent}`,
    "NotFound: an unknown one",
    asAnn({}, 404, missing("model", absent)),
  ],
  ["GET /api/v1/storage/models/churn", "InvalidArgument: a name", asAnn({}, 400, notUuid("model_id"))],
  ["GET /api/v1/storage/models", "Unauthenticated: nobody", as("nobody", {}, 401, unauthenticated)],
  [
    "GET /api/v1/models/{promoted}/registry",
    "OK: the version in production",
    as("viewer", {}, 200, (scene: Scene) => registry(scene)),
  ],
  [
    "GET /api/v1/models/{promoted}/registry?include_all_versions=true&format=mlflow",
    "OK: with all versions and MLflow's signature",
    as("viewer", {}, 200, (scene: Scene) =>
      registry(scene, {
        mlflow_signature: {
          inputs: '[{"name":"age","type":"double"}]',
          outputs: '[{"name":"churns","type":"boolean"}]',
        },
        versions: [version(scene.promoted, "promoted", "production")],
      }),
    ),
  ],
  [
    "GET /api/v1/models/{model}/registry",
    "NotFound: no version in production",
    asAnn({}, 404, ({ model: id }: Scene) =>
      problem("RESOURCE_NOT_FOUND", `model ${id} has no version in production`, {
        reason: "RESOURCE_NOT_FOUND",
      }),
    ),
  ],
  [`GET /api/v1/models/${absent}/registry`, "NotFound: no model", asAnn({}, 404, missing("model", absent))],
  [
    "GET /api/v1/models/{promoted}/registry?format=onnx",
    "InvalidArgument: a format that there is none of",
    asAnn(
      {},
      400,
      problem("VALIDATION_ERROR", expect.stringMatching(/^format: /), {
        field: "format",
        reason: expect.any(String),
      }),
    ),
  ],
  [
    "POST /api/v1/storage/models",
    "OK: a model with its first version",
    (scene) => ({
      sent: { headers: scene.ann, json: modelFields(scene.fileId) },
      status: 201,
      body: ok(version(uuid, "temporary", "development"), "Model registered successfully"),
    }),
  ],
  [
    "POST /api/v1/storage/models",
    "NotFound: a file that there is not",
    asAnn({ json: modelFields(absent) }, 404, missing("file", absent)),
  ],
  [
    "POST /api/v1/storage/models",
    "InvalidArgument: no files",
    asAnn(
      { json: { model_name: "x" } },
      400,
      problem("VALIDATION_ERROR", "files: must contain at least 1 item(s)", {
        field: "files",
        reason: "must contain at least 1 item(s)",
      }),
    ),
  ],
  [
    "POST /api/v1/storage/models",
    "PermissionDenied: a viewer",
    as("viewer", { json: modelFields(absent) }, 403, lacking("storage.models.write")),
  ],
  [
    "DELETE /api/v1/storage/models/{model}",
    "OK: it is removed",
    asAnn({}, 200, ({ model: id }: Scene) => ok({ model_id: id }, "Model deleted successfully")),
  ],
  [
    "DELETE /api/v1/storage/models/{model}",
    "NotFound: it is gone",
    asAnn({}, 404, ({ model: id }: Scene) => missing("model", id)),
  ],
];
