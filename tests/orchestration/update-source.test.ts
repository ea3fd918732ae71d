import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const fileSettings = () => ({ fileId: randomUUID() });

describe("UpdateSource", () => {
  test("OK: what is set, or what the mask names", async () => {
    const user = mesh().user();
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
    const user = mesh().user();
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
    const user = mesh().user();
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
    const user = mesh().user();
    const [first, second] = [
      await createSource(user, "file", fileSettings()),
      await createSource(user, "file", fileSettings()),
    ];
    const taken = (await user.sources.getSource({ sourceId: first })).source?.displayName ?? "";
    const call = user.sources.updateSource({ source: { sourceId: second, displayName: taken } });
    expect(await failureOf(call)).toMatchObject({ code: Code.AlreadyExists, reason: "RESOURCE_EXISTS" });
  });

  test("NotFound: another organisation's", async () => {
    const sourceId = await createSource(mesh().user(), "file", fileSettings());
    const call = mesh()
      .user()
      .sources.updateSource({ source: { sourceId, displayName: "x" } });
    expect(await failureOf(call)).toMatchObject({ code: Code.NotFound });
  });
});

test("PermissionDenied: a viewer", async () => {
  const call = mesh()
    .user({ roles: ["viewer"] })
    .sources.updateSource({ source: { sourceId: randomUUID(), displayName: "x" } });
  expect(await failureOf(call)).toMatchObject({
    code: Code.PermissionDenied,
    message: "permission sources.write is required",
  });
});
