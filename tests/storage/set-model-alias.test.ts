import { expect, test } from "vitest";
import { ModelEventKind as Kind } from "../../gen/sluice/storage/v1/models_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, startStorage } from "./fixtures.ts";
import { announced, modelMissing, modelsOf, notReady, register, versionMissing } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: SetModelAlias creates and moves an alias, with who and from where, and nothing if it is there", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  await register(storage(), who);
  await register(storage(), who);
  const set = (version: number, comment = "") =>
    models.setModelAlias({ model: "churn", alias: "champion", version, comment });
  expect(await set(1)).toMatchObject({ alias: { version: 1, userId: who.userId }, previousVersion: 0 });
  expect(await set(2, "better")).toMatchObject({ alias: { version: 2 }, previousVersion: 1 });
  expect(await set(2)).toMatchObject({ alias: { version: 2 }, previousVersion: 2 });
  const { events } = await models.listModelEvents({ model: "churn", filter: "alias = champion" });
  expect(events).toMatchObject([
    { kind: Kind.ALIAS_SET, version: 2, previousVersion: 1, comment: "better", userId: who.userId },
    { kind: Kind.ALIAS_SET, version: 1, previousVersion: 0, comment: "", userId: who.userId },
  ]);
});

test("Aborted: lets one of many racing callers move an alias that they saw, and the history has no gap", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  for (let count = 0; count < 6; count += 1) await register(storage(), who);
  await models.setModelAlias({ model: "churn", alias: "champion", version: 1, expectedVersion: 0 });
  const moves = [2, 3, 4, 5, 6].map((version) =>
    failureOf(models.setModelAlias({ model: "churn", alias: "champion", version, expectedVersion: 1 })).catch(
      () => "moved",
    ),
  );
  const outcomes = await Promise.all(moves);
  expect(outcomes.filter((outcome) => outcome === "moved")).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome !== "moved")).toEqual(
    Array.from({ length: 4 }, () => ({
      code: "Aborted",
      reason: "ETAG_MISMATCH",
      metadata: { alias: "champion" },
    })),
  );
  await Promise.all(
    [1, 2, 3, 4].map((version) => models.setModelAlias({ model: "churn", alias: "champion", version })),
  );
  const { events } = await models.listModelEvents({ model: "churn", filter: "alias = champion" });
  for (const [at, event] of events.slice(0, -1).entries()) {
    expect(event.previousVersion).toBe(events[at + 1]?.version);
  }
});

test("NotFound, FailedPrecondition, InvalidArgument, PermissionDenied: SetModelAlias", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  await register(storage(), who, { files: [announced("m", "later")] });
  const set = (request: object, by = models) =>
    failureOf(by.setModelAlias({ model: "churn", alias: "champion", version: 1, ...request }));
  expect(await set({})).toEqual(notReady("churn", 1));
  expect(await set({ version: 2 })).toEqual(versionMissing("churn", 2));
  expect(await set({}, modelsOf(storage(), principal()))).toEqual(modelMissing("churn"));
  for (const alias of ["", "1", "a b", "é", "a".repeat(64)]) {
    expect(await set({ alias })).toEqual({ code: "InvalidArgument", fields: ["alias"] });
  }
  expect(await set({}, modelsOf(storage(), { ...who, roles: ["viewer"] }))).toEqual(
    lacking("storage.models.write"),
  );
});

test("ResourceExhausted: the 101st alias of a model", async () => {
  const who = principal();
  const models = modelsOf(storage(), who);
  const { modelId } = await register(storage(), who);
  await storage().database.sql`
    insert into storage.model_aliases (model_id, alias, version, user_id)
    select ${modelId}, 'a' || n, 1, ${who.userId} from generate_series(1, 100) as n`;
  const set = (alias: string) => models.setModelAlias({ model: "churn", alias, version: 1 });
  expect(await failureOf(set("b"))).toMatchObject({ code: "ResourceExhausted", metadata: { limit: "100" } });
  expect(await set("a100")).toMatchObject({ previousVersion: 1 });
});
