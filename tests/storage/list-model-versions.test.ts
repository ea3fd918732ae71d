import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, startStorage } from "./fixtures.ts";
import { announced, modelMissing, modelsOf, register } from "./model-fixtures.ts";

const storage = forFile(startStorage);

test("OK: ListModelVersions has aliases and metrics, newest first, without the largest fields, and filters", async () => {
  const who = principal();
  const said = { card: "# Card", parameters: { depth: "6" }, metrics: { auc: 0.5 }, tags: { a: "b" } };
  const first = await register(storage(), who, said);
  await register(storage(), who, { files: [announced("m", "later")] });
  await register(storage(), who, { modelName: "other" });
  const models = modelsOf(storage(), who);
  await models.setModelAlias({ model: "churn", alias: "champion", version: 1 });
  await models.setModelAlias({ model: "churn", alias: "best", version: 1 });
  const { modelVersions } = await models.listModelVersions({ model: "churn" });
  expect(modelVersions.map(({ version }) => version)).toEqual([2, 1]);
  expect(modelVersions[1]).toEqual({
    ...first,
    card: undefined,
    parameters: {},
    signature: undefined,
    files: [],
    aliases: ["best", "champion"],
  });
  const numbers = async (filter: string) =>
    (await models.listModelVersions({ model: "churn", filter })).modelVersions.map(({ version }) => version);
  expect(await numbers("state = pending")).toEqual([2]);
  expect(await numbers("stage = development AND version < 2")).toEqual([1]);
  expect(await numbers("format = pickle OR safety = unsafe")).toEqual([]);
});

test("NotFound: another organisation's model; InvalidArgument: a filter or token that is none", async () => {
  const who = principal();
  await register(storage(), who);
  const stranger = modelsOf(storage(), principal());
  expect(await failureOf(stranger.listModelVersions({ model: "churn" }))).toEqual(modelMissing("churn"));
  const models = modelsOf(storage(), who);
  for (const [request, reason] of [
    [{ filter: "x = 1" }, "FILTER_INVALID"],
    [{ pageToken: "x" }, "PAGE_TOKEN_INVALID"],
  ] as const) {
    expect(await failureOf(models.listModelVersions({ model: "churn", ...request }))).toMatchObject({
      reason,
    });
  }
});
