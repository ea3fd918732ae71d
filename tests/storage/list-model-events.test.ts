import { expect, test } from "vitest";
import { ModelEventKind as Kind } from "../../gen/sluice/storage/v1/models_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { announced, bring, modelMissing, modelsOf, register } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: ListModelEvents has what happened, newest first, also of versions that are gone", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  await register(storage(), who, { files: [announced("m", "1")] });
  await bring(storage(), who, { path: "m", content: "1" });
  await models.setModelAlias({ model: "churn", alias: "best", version: 1 });
  await models.deleteModelAlias({ model: "churn", alias: "best" });
  await models.deleteModelVersion({ model: "churn", version: 1 });
  const { events } = await models.listModelEvents({ model: "churn" });
  expect(events.map(({ kind, version, alias, userId }) => ({ kind, version, alias, userId }))).toEqual([
    { kind: Kind.VERSION_DELETED, version: 1, alias: "", userId: who.userId },
    { kind: Kind.ALIAS_DELETED, version: 1, alias: "best", userId: who.userId },
    { kind: Kind.ALIAS_SET, version: 1, alias: "best", userId: who.userId },
    { kind: Kind.READY, version: 1, alias: "", userId: "" },
    { kind: Kind.REGISTERED, version: 1, alias: "", userId: who.userId },
  ]);
  const page = await models.listModelEvents({ model: "churn", filter: "kind = ready", showTotal: true });
  expect([page.events.length, page.totalSize]).toEqual([1, 1]);
});

test("NotFound, InvalidArgument, PermissionDenied: ListModelEvents", async () => {
  const who = principal();
  await register(storage(), who);
  const list = (request: object, by = who) =>
    failureOf(modelsOf(storage(), by).listModelEvents({ model: "churn", ...request }));
  expect(await list({}, principal())).toEqual(modelMissing("churn"));
  expect(await list({ filter: "x = 1" })).toMatchObject({ reason: "FILTER_INVALID" });
  expect(await list({ pageToken: "x" })).toMatchObject({ reason: "PAGE_TOKEN_INVALID" });
  expect(await list({}, { ...who, roles: [] })).toEqual(lacking("storage.models.read"));
});
