import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const fileSettings = () => ({ fileId: randomUUID() });

describe("CreateSource", () => {
  test("OK: answers the source, and nothing is reached", async () => {
    const settings = {
      host: "127.0.0.1",
      database: "d",
      user: "u",
      passwordSecret: "p",
      schemas: ["a", "b"],
    };
    const user = mesh().user();
    const { source } = await user.sources.createSource({
      source: { displayName: "Orders 🧾", connector: "postgresql", settings },
    });
    expect(source).toMatchObject({ displayName: "Orders 🧾", connector: "postgresql", settings, etag: "1" });
    expect(await user.sources.getSource({ sourceId: source?.sourceId ?? "" })).toMatchObject({ source });
  });

  test("OK: the same request id makes one source", async () => {
    const user = mesh().user();
    const request = {
      requestId: randomUUID(),
      source: { displayName: "one", connector: "file", settings: fileSettings() },
    };
    const answers = await Promise.all(Array.from({ length: 5 }, () => user.sources.createSource(request)));
    expect(new Set(answers.map(({ source }) => source?.sourceId)).size).toBe(1);
    expect((await user.sources.listSources({})).sources).toHaveLength(1);
  });

  test("AlreadyExists: the request id of another request", async () => {
    const user = mesh().user();
    const source = { displayName: "first", connector: "file", settings: fileSettings() };
    const requestId = randomUUID();
    await user.sources.createSource({ requestId, source });
    const call = user.sources.createSource({ requestId, source: { ...source, displayName: "second" } });
    expect(await failureOf(call)).toMatchObject({ code: Code.AlreadyExists, reason: "REQUEST_ID_REUSED" });
  });

  test("AlreadyExists: a display name of the same organisation, not of another one", async () => {
    const user = mesh().user();
    const source = { displayName: "taken", connector: "file", settings: fileSettings() };
    await user.sources.createSource({ source });
    expect(await failureOf(user.sources.createSource({ source }))).toMatchObject({
      code: Code.AlreadyExists,
      reason: "RESOURCE_EXISTS",
      message: 'a source with the display name "taken" exists',
    });
    await mesh().user().sources.createSource({ source });
  });

  test("InvalidArgument: each wrong field is named", async () => {
    const user = mesh().user();
    const fieldsOf = async (source: object) => {
      const failure = await failureOf(user.sources.createSource({ source: source as never }));
      expect(failure.code).toBe(Code.InvalidArgument);
      return failure.fields;
    };
    const good = { displayName: "x", connector: "file", settings: fileSettings() };
    expect(await failureOf(user.sources.createSource({}))).toMatchObject({ fields: ["source"] });
    expect(await fieldsOf({ ...good, displayName: "" })).toEqual(["source"]);
    expect(await fieldsOf({ ...good, displayName: "a\nb" })).toEqual(["source.display_name"]);
    expect(await fieldsOf({ ...good, connector: "oracle" })).toEqual(["source.connector"]);
    expect(await fieldsOf({ ...good, settings: {} })).toEqual(["source.settings.fileId"]);
    expect(await fieldsOf({ ...good, settings: { ...good.settings, password: "x" } })).toEqual([
      "source.settings.password",
    ]);
    expect((await user.sources.listSources({})).sources).toEqual([]);
  });
});

test("PermissionDenied: a viewer", async () => {
  const call = mesh()
    .user({ roles: ["viewer"] })
    .sources.createSource({ source: { displayName: "x", connector: "file", settings: fileSettings() } });
  expect(await failureOf(call)).toMatchObject({
    code: Code.PermissionDenied,
    message: "permission sources.write is required",
  });
});
