import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import {
  ModelFormat,
  ModelSafety,
  ModelStage,
  ModelVersionState as State,
} from "../../gen/sluice/storage/v1/models_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  failureOf,
  fileMissing,
  lacking,
  setQuota,
  sha256,
  startStorage,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { announced, modelsOf, register } from "./model-fixtures.ts";
import { stagedFile } from "./release-fixtures.ts";

const storage = forFile(startStorage);

test("OK: RegisterModelVersion of stored files is READY, with all that was said, and a manifest that anybody can compute", async () => {
  const who = principal();
  const weights = await upload(storage(), who, { name: "w", content: "weights" });
  const card = await upload(storage(), who, { name: "c", content: "# card" });
  const metrics = { auc: 0.1 + 0.2, bad: Number.NaN, low: Number.NEGATIVE_INFINITY, zero: -0 };
  const signature = {
    inputs: [{ name: "age", type: "double" }],
    outputs: [{ name: "", type: "float32[-1,2]" }],
  };
  const said = {
    description: "first",
    card: "# Churn",
    algorithm: "xgboost",
    metrics,
    parameters: { depth: "6" },
    tags: { team: "growth" },
  };
  const version = await register(storage(), who, {
    ...said,
    signature,
    files: [
      { path: "z/weights.bin", fileId: weights.fileId },
      { path: "README.md", fileId: card.fileId, sha256: sha256("# card"), sizeBytes: 6n },
    ],
  });
  const lines = `README.md\t${sha256("# card")}\t6\nz/weights.bin\t${sha256("weights")}\t7\n`;
  expect(version).toMatchObject({
    ...said,
    modelName: "churn",
    version: 1,
    namespace: "default",
    state: State.READY,
    stateMessage: "",
    stage: ModelStage.DEVELOPMENT,
    fileCount: 2,
    sizeBytes: 13n,
    manifestSha256: sha256(lines),
    format: ModelFormat.OTHER,
    safety: ModelSafety.UNKNOWN,
    creatorUserId: who.userId,
    downloadCount: 0n,
  });
  expect(version.signature?.inputs).toMatchObject(signature.inputs);
  expect(Object.is(version.metrics.zero, -0)).toBe(true);
  expect(version.files.map(({ path }) => path)).toEqual(["README.md", "z/weights.bin"]);
  const { modelVersion } = await modelsOf(storage(), who).getModelVersion({ model: "churn", version: 1 });
  expect(modelVersion).toEqual(version);
  expect(Object.is(modelVersion?.metrics.zero, -0)).toBe(true);
  // The files of the version are others than the uploads, on the same content.
  expect(await usageOf(storage(), who)).toEqual(usage(26, 4));
});

test("OK: the files of a version stay when the uploads are deleted, and can't be deleted or changed themselves", async () => {
  const who = principal();
  const files = storage().client(FileService, who);
  const { fileId } = await upload(storage(), who, { content: "weights" });
  const version = await register(storage(), who, { files: [{ path: "model.bin", fileId }] });
  await files.deleteFile({ fileId });
  const kept = version.files[0]?.fileId ?? "";
  const inUse = { code: "FailedPrecondition", reason: "RESOURCE_IN_USE", metadata: { file: kept } };
  expect(await failureOf(files.deleteFile({ fileId: kept }))).toEqual(inUse);
  expect(await failureOf(files.updateFile({ file: { fileId: kept, name: "x" } }))).toEqual(inUse);
  expect(await failureOf(files.moveFile({ fileId: kept, namespace: "default" }))).toEqual(inUse);
  const { file } = await files.getFile({ fileId: kept });
  expect(file).toMatchObject({ name: "model.bin", sha256: sha256("weights") });
});

test("OK: numbers are not given twice, also by calls that race", async () => {
  const who = principal();
  const file = announced("m", "bytes");
  const all = await Promise.all(
    Array.from({ length: 12 }, () => register(storage(), who, { modelName: "raced", files: [file] })),
  );
  expect(all.map(({ version }) => version).sort((one, other) => one - other)).toEqual(
    Array.from({ length: 12 }, (_, at) => at + 1),
  );
  expect(new Set(all.map(({ modelId }) => modelId)).size).toBe(1);
});

test("OK: announced files leave the version PENDING, and use no quota", async () => {
  const who = principal();
  const version = await register(storage(), who, { files: [announced("a", "1"), announced("b", "22")] });
  expect(version).toMatchObject({
    state: State.PENDING,
    stateMessage: "files are missing: a, b",
    format: ModelFormat.UNSPECIFIED,
    safety: ModelSafety.UNSPECIFIED,
    sizeBytes: 3n,
  });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
});

test("OK: the same request id returns the same version, even if its file is gone", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who);
  const request = { requestId: randomUUID(), files: [{ path: "m", fileId }] };
  const first = await register(storage(), who, request);
  await storage().client(FileService, who).deleteFile({ fileId });
  expect(await register(storage(), who, request)).toEqual(first);
  const other = register(storage(), who, { ...request, description: "another" });
  expect(await failureOf(other)).toMatchObject({ code: "AlreadyExists", reason: "REQUEST_ID_REUSED" });
});

test("OK: a file of a staging job, and the job as origin", async () => {
  const who = principal();
  const staged = await stagedFile(storage(), who, { path: "a" });
  const [row] = await storage().database.sql`
    select owner_id from storage.files where file_id = ${staged.fileId}`;
  const stagingJobId = String(row?.owner_id);
  const version = await register(storage(), who, {
    files: [{ path: "a", fileId: staged.fileId }],
    stagingJobId,
    datasetIds: [stagingJobId.toUpperCase()],
  });
  expect(version).toMatchObject({ state: State.READY, stagingJobId, datasetIds: [stagingJobId] });
});

test("NotFound: a file or staging job that is not there, or of another organisation", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), principal());
  for (const id of [fileId, randomUUID()]) {
    const call = register(storage(), who, { files: [{ path: "m", fileId: id }] });
    expect(await failureOf(call)).toEqual(fileMissing(id));
  }
  const stagingJobId = randomUUID();
  expect(await failureOf(register(storage(), who, { stagingJobId }))).toMatchObject({
    code: "NotFound",
    metadata: { "staging job": stagingJobId },
  });
});

test("InvalidArgument: other hashes and sizes than announced", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "weights" });
  const other = sha256("other");
  for (const request of [
    { files: [{ path: "m", fileId, sha256: other }] },
    { files: [{ path: "m", fileId, sizeBytes: 8n }] },
    { files: [{ path: "m", fileId }], manifestSha256: other },
  ]) {
    expect(await failureOf(register(storage(), who, request))).toMatchObject({
      code: "InvalidArgument",
      reason: "CONTENT_MISMATCH",
    });
  }
});

const file = announced("m", "bytes");

test.each([
  ["a name that is a UUID", { modelName: randomUUID() }, "model_name"],
  ["a name with a slash", { modelName: "a/b" }, "model_name"],
  ["no file", { files: [] }, "files"],
  ["a path twice", { files: [file, file] }, "files[1].path"],
  ["a path that leads up", { files: [{ ...file, path: "../m" }] }, "files[0].path"],
  ["no hash", { files: [{ path: "m", sizeBytes: 1n }] }, "files[0].sha256"],
  ["no size", { files: [{ path: "m", sha256: sha256("") }] }, "files[0].size_bytes"],
  [
    "a signature without a type",
    { files: [file], signature: { inputs: [{ name: "a" }] } },
    "signature.inputs[0].type",
  ],
  ["a metric without a name", { files: [file], metrics: { "": 1 } }, 'metrics[""]'],
])("InvalidArgument: RegisterModelVersion with %s", async (_title, request, field) => {
  expect(await failureOf(register(storage(), principal(), request))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

test("ResourceExhausted: more than the quota, and nothing is registered", async () => {
  const who = principal();
  const { fileId } = await upload(storage(), who, { content: "weights" });
  await setQuota(storage(), who, 10);
  const call = register(storage(), who, { files: [{ path: "m", fileId }] });
  expect(await failureOf(call)).toMatchObject({ code: "ResourceExhausted", reason: "QUOTA_EXCEEDED" });
  expect((await modelsOf(storage(), who).listModels({})).models).toEqual([]);
  expect(await usageOf(storage(), who)).toEqual(usage(7, 1));
});

test("PermissionDenied: a viewer, and an approver", async () => {
  for (const role of ["viewer", "approver"]) {
    const call = register(storage(), principal({ roles: [role] }), { files: [file] });
    expect(await failureOf(call)).toEqual(lacking("storage.models.write"));
  }
});
