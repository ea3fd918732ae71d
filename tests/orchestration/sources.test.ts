import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createFileSource,
  createSource,
  failureOf,
  type Orchestration,
  startOrchestration,
} from "./orchestration.ts";

let mesh: Orchestration;
beforeAll(async () => {
  mesh = await startOrchestration();
});
afterAll(() => mesh[Symbol.asyncDispose]());

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
    const user = mesh.user();
    const { source } = await user.sources.createSource({
      source: { displayName: "Orders 🧾", connector: "postgresql", settings },
    });
    expect(source).toMatchObject({ displayName: "Orders 🧾", connector: "postgresql", settings, etag: "1" });
    expect(await user.sources.getSource({ sourceId: source?.sourceId ?? "" })).toMatchObject({ source });
  });

  test("OK: the same request id makes one source", async () => {
    const user = mesh.user();
    const request = {
      requestId: randomUUID(),
      source: { displayName: "one", connector: "file", settings: fileSettings() },
    };
    const answers = await Promise.all(Array.from({ length: 5 }, () => user.sources.createSource(request)));
    expect(new Set(answers.map(({ source }) => source?.sourceId)).size).toBe(1);
    expect((await user.sources.listSources({})).sources).toHaveLength(1);
  });

  test("AlreadyExists: the request id of another request", async () => {
    const user = mesh.user();
    const source = { displayName: "first", connector: "file", settings: fileSettings() };
    const requestId = randomUUID();
    await user.sources.createSource({ requestId, source });
    const call = user.sources.createSource({ requestId, source: { ...source, displayName: "second" } });
    expect(await failureOf(call)).toMatchObject({ code: Code.AlreadyExists, reason: "REQUEST_ID_REUSED" });
  });

  test("AlreadyExists: a display name of the same organisation, not of another one", async () => {
    const user = mesh.user();
    const source = { displayName: "taken", connector: "file", settings: fileSettings() };
    await user.sources.createSource({ source });
    expect(await failureOf(user.sources.createSource({ source }))).toMatchObject({
      code: Code.AlreadyExists,
      reason: "RESOURCE_EXISTS",
      message: 'a source with the display name "taken" exists',
    });
    await mesh.user().sources.createSource({ source });
  });

  test("InvalidArgument: each wrong field is named", async () => {
    const user = mesh.user();
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

describe("GetSource", () => {
  test("NotFound: an unknown id, and another organisation's", async () => {
    const sourceId = await createSource(mesh.user(), "file", fileSettings());
    for (const id of [sourceId, randomUUID()]) {
      expect(await failureOf(mesh.user().sources.getSource({ sourceId: id }))).toEqual({
        code: Code.NotFound,
        reason: "RESOURCE_NOT_FOUND",
        fields: [],
        message: `source ${id} not found`,
      });
    }
  });

  test("InvalidArgument: not an id", async () => {
    expect(await failureOf(mesh.user().sources.getSource({ sourceId: "../x" }))).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["source_id"],
    });
  });
});

describe("ListSources", () => {
  test("OK: pages through the organisation's own, oldest first", async () => {
    const user = mesh.user();
    const ids = [];
    for (let count = 0; count < 5; count += 1) ids.push(await createSource(user, "file", fileSettings()));
    await createSource(mesh.user(), "file", fileSettings());
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await user.sources.listSources({ pageSize: 2, pageToken });
      expect(page.sources.length).toBeLessThanOrEqual(2);
      seen.push(...page.sources.map(({ sourceId }) => sourceId));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(ids);
  });

  test("OK: only one connector's", async () => {
    const user = mesh.user();
    const sourceId = await createSource(user, "file", fileSettings());
    expect((await user.sources.listSources({ connector: "file" })).sources).toMatchObject([{ sourceId }]);
    expect((await user.sources.listSources({ connector: "postgresql" })).sources).toEqual([]);
  });

  test("InvalidArgument: page size, page token, the token of another question", async () => {
    const user = mesh.user();
    for (let count = 0; count < 2; count += 1) await createSource(user, "file", fileSettings());
    const { nextPageToken } = await user.sources.listSources({ pageSize: 1 });
    for (const [request, field, reason] of [
      [{ pageSize: 1001 }, ["page_size"], undefined],
      [{ pageToken: "nonsense" }, [], "PAGE_TOKEN_INVALID"],
      [{ pageToken: nextPageToken, connector: "file" }, [], "PAGE_TOKEN_INVALID"],
    ] as const) {
      expect(await failureOf(user.sources.listSources(request))).toMatchObject({
        code: Code.InvalidArgument,
        fields: field,
        reason,
      });
    }
  });
});

describe("UpdateSource", () => {
  test("OK: what is set, or what the mask names", async () => {
    const user = mesh.user();
    const sourceId = await createSource(user, "file", fileSettings());
    const settings = fileSettings();
    const renamed = await user.sources.updateSource({ source: { sourceId, displayName: "new name" } });
    expect(renamed.source).toMatchObject({ displayName: "new name", etag: "2" });
    const { source } = await user.sources.updateSource({
      source: { sourceId, displayName: "ignored", settings, etag: "2" },
      updateMask: { paths: ["settings"] },
    });
    expect(source).toMatchObject({ displayName: "new name", settings, etag: "3" });
    expect((await user.sources.getSource({ sourceId })).source).toEqual(source);
  });

  test("Aborted: a stale etag changes nothing; of two racing callers with the same one, one wins", async () => {
    const user = mesh.user();
    const sourceId = await createSource(user, "file", fileSettings());
    const calls = ["a", "b"].map((displayName) =>
      user.sources.updateSource({ source: { sourceId, displayName, etag: "1" } }),
    );
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    for (const etag of ["1", "not one"]) {
      const call = user.sources.updateSource({ source: { sourceId, displayName: "c", etag } });
      expect(await failureOf(call)).toMatchObject({ code: Code.Aborted, reason: "ETAG_MISMATCH" });
    }
  });

  test("InvalidArgument: settings that do not fit, a path that can't be changed, an empty name", async () => {
    const user = mesh.user();
    const sourceId = await createSource(user, "file", fileSettings());
    const fieldsOf = async (source: object, paths: string[]) => {
      const call = user.sources.updateSource({ source: { sourceId, ...source }, updateMask: { paths } });
      const failure = await failureOf(call);
      expect(failure.code).toBe(Code.InvalidArgument);
      return failure.fields;
    };
    expect(await fieldsOf({ settings: { fileId: "x" } }, [])).toEqual(["source.settings.fileId"]);
    expect(await fieldsOf({ connector: "postgresql" }, ["connector"])).toEqual(["update_mask"]);
    expect(await fieldsOf({}, ["display_name"])).toEqual(["source.display_name"]);
    expect((await user.sources.getSource({ sourceId })).source?.etag).toBe("1");
  });

  test("AlreadyExists: another source's display name", async () => {
    const user = mesh.user();
    const [first, second] = [
      await createSource(user, "file", fileSettings()),
      await createSource(user, "file", fileSettings()),
    ];
    const taken = (await user.sources.getSource({ sourceId: first })).source?.displayName ?? "";
    const call = user.sources.updateSource({ source: { sourceId: second, displayName: taken } });
    expect(await failureOf(call)).toMatchObject({ code: Code.AlreadyExists, reason: "RESOURCE_EXISTS" });
  });

  test("NotFound: another organisation's", async () => {
    const sourceId = await createSource(mesh.user(), "file", fileSettings());
    const call = mesh.user().sources.updateSource({ source: { sourceId, displayName: "x" } });
    expect(await failureOf(call)).toMatchObject({ code: Code.NotFound });
  });
});

describe("DeleteSource", () => {
  test("OK: removes its tables, keeps the records of its executions", async () => {
    const user = mesh.user();
    const sourceId = await createFileSource(mesh, user, "numbers.csv", "n\n1\n2\n");
    await user.catalog.discover({ sourceId });
    const { executionId } = await user.executions.executeQuery({ sourceId, sql: "FROM numbers" });
    await user.sources.deleteSource({ sourceId });
    expect(await failureOf(user.sources.getSource({ sourceId }))).toMatchObject({ code: Code.NotFound });
    expect((await user.catalog.listTables({})).tables).toEqual([]);
    expect((await user.executions.getExecution({ executionId })).execution).toMatchObject({ sourceId });
  });

  test("NotFound: twice, and another organisation's", async () => {
    const user = mesh.user();
    const sourceId = await createSource(user, "file", fileSettings());
    expect(await failureOf(mesh.user().sources.deleteSource({ sourceId }))).toMatchObject({
      code: Code.NotFound,
    });
    await user.sources.deleteSource({ sourceId });
    expect(await failureOf(user.sources.deleteSource({ sourceId }))).toMatchObject({ code: Code.NotFound });
  });
});
