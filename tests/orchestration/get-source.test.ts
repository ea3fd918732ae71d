import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const fileSettings = () => ({ fileId: randomUUID() });

describe("GetSource", () => {
  test("NotFound: an unknown id, and another organisation's", async () => {
    const sourceId = await createSource(mesh().user(), "file", fileSettings());
    for (const id of [sourceId, randomUUID()]) {
      expect(await failureOf(mesh().user().sources.getSource({ sourceId: id }))).toEqual({
        code: Code.NotFound,
        reason: "RESOURCE_NOT_FOUND",
        fields: [],
        message: `source ${id} not found`,
      });
    }
  });

  test("InvalidArgument: not an id", async () => {
    expect(await failureOf(mesh().user().sources.getSource({ sourceId: "../x" }))).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["source_id"],
    });
  });
});

test("OK: the source as it was made, to a viewer too", async () => {
  const user = mesh().user();
  const settings = { fileId: randomUUID() };
  const { source } = await user.sources.createSource({
    source: { displayName: "cars", connector: "file", settings },
  });
  const viewer = mesh().user({ orgId: user.who.orgId, roles: ["viewer"] });
  expect(await viewer.sources.getSource({ sourceId: source?.sourceId ?? "" })).toMatchObject({ source });
});
