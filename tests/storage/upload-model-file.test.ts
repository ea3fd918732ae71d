import { expect, test } from "vitest";
import {
  ModelFormat,
  ModelSafety,
  ModelVersionState as State,
} from "../../gen/sluice/storage/v1/models_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, generated, lacking, mib, startStorage, usage, usageOf } from "./fixtures.ts";
import { announced, bring, modelsOf, register, versionMissing } from "./model-fixtures.ts";

const storage = forFile(startStorage);

/** A pickle that calls os.system when it is loaded, in protocol 0, which has no signature. */
const pickle = "cos\nsystem\n(S'true'\ntR.";

test("OK: a version is READY with its last file, whatever their order and size", async () => {
  const who = principal();
  const large = generated(3 * mib);
  await register(storage(), who, { files: [announced("a/large", large), announced("b", pickle)] });
  const half = await bring(storage(), who, { path: "b", content: pickle });
  expect(half).toMatchObject({ state: State.PENDING, stateMessage: "files are missing: a/large" });
  const whole = await bring(storage(), who, { path: "a/large", content: large });
  expect(whole).toMatchObject({
    state: State.READY,
    format: ModelFormat.PICKLE,
    safety: ModelSafety.UNSAFE,
    stateMessage: "",
  });
  expect(whole.files).toMatchObject([
    { path: "a/large", format: ModelFormat.OTHER, safety: ModelSafety.UNKNOWN, findings: [] },
    { path: "b", format: ModelFormat.PICKLE, safety: ModelSafety.UNSAFE, findings: ["pickle: os.system"] },
  ]);
  expect(await usageOf(storage(), who)).toEqual(usage(large.length + pickle.length, 2));
});

test("OK: a file that is there already is compared, and changes nothing; two at once are one", async () => {
  const who = principal();
  await register(storage(), who, { files: [announced("a", "1"), announced("b", "2")] });
  await Promise.all([1, 2, 3].map(() => bring(storage(), who, { path: "a", content: "1" })));
  expect(await usageOf(storage(), who)).toEqual(usage(1, 1));
  const again = await bring(storage(), who, { path: "a", content: "1" });
  expect(again.state).toBe(State.PENDING);
  const other = bring(storage(), who, { path: "a", content: "2" });
  expect(await failureOf(other)).toMatchObject({ reason: "CONTENT_MISMATCH" });
  expect((await bring(storage(), who, { path: "b", content: "2" })).state).toBe(State.READY);
});

test("InvalidArgument: content of another hash or size is not kept", async () => {
  const who = principal();
  await register(storage(), who, { files: [announced("a", "right")] });
  for (const content of ["wrong", "short"[0] ?? "", "right and more"]) {
    expect(await failureOf(bring(storage(), who, { path: "a", content }))).toMatchObject({
      code: "InvalidArgument",
      reason: "CONTENT_MISMATCH",
    });
  }
  const huge = bring(storage(), who, { path: "a", content: generated(2 * mib) });
  expect(await failureOf(huge)).toMatchObject({ reason: "CONTENT_MISMATCH" });
  expect(await usageOf(storage(), who)).toEqual(usage(0, 0));
  expect((await bring(storage(), who, { path: "a", content: "right" })).state).toBe(State.READY);
});

test("NotFound: a version that is not there, another organisation's, and a path that was not announced", async () => {
  const who = principal();
  const { modelId } = await register(storage(), who, { files: [announced("a", "1")] });
  expect(await failureOf(bring(storage(), who, { path: "b", content: "1" }))).toMatchObject({
    code: "NotFound",
    metadata: { path: "b" },
  });
  expect(await failureOf(bring(storage(), who, { version: 2, path: "a", content: "1" }))).toEqual(
    versionMissing("churn", 2),
  );
  const stranger = bring(storage(), principal(), { model: modelId, path: "a", content: "1" });
  expect(await failureOf(stranger)).toEqual(versionMissing(modelId, 1));
});

test("FailedPrecondition: a version that has failed; PermissionDenied: a viewer", async () => {
  const who = principal();
  const { modelVersionId } = await register(storage(), who, { files: [announced("a", "1")] });
  await storage().database.sql`
    update storage.model_versions set state = 'failed' where model_version_id = ${modelVersionId}`;
  const call = bring(storage(), who, { path: "a", content: "1" });
  expect(await failureOf(call)).toMatchObject({ code: "FailedPrecondition", reason: "STATE_CONFLICT" });
  const viewer = bring(storage(), { ...who, roles: ["viewer"] }, { path: "a", content: "1" });
  expect(await failureOf(viewer)).toEqual(lacking("storage.models.write"));
});

test("InvalidArgument: UploadModelFile without a header", async () => {
  async function* parts() {
    yield { part: { case: "chunk" as const, value: Uint8Array.of(1) } };
  }
  expect(await failureOf(modelsOf(storage(), principal()).uploadModelFile(parts()))).toMatchObject({
    code: "InvalidArgument",
    fields: ["header"],
  });
});
