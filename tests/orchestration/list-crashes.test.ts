import { createHash } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { CrashSubject } from "../../gen/sluice/orchestration/v1/crashes_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { crashesOf, crashingSql, freshJson } from "./crashes.ts";
import { crashNextEngine } from "./engine-processes.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

describe("ListCrashes and ReleaseCrash", () => {
  test("OK: every field of both kinds, page by page, and nothing of another organisation", async () => {
    const user = mesh().user();
    const [good, odd] = [`n\n${Date.now()}\n`, freshJson()];
    const sourceId = await createFileSource(mesh(), user, "n.csv", good);
    const oddId = await createFileSource(mesh(), user, "odd.json", odd);
    const sql = `${crashingSql} -- ${"x".repeat(2000)}`;
    await failureOf(user.executions.executeQuery({ sourceId, sql }));
    const discover = () => failureOf(user.catalog.discover({ sourceId: oddId }));
    await crashNextEngine(discover);
    await crashNextEngine(discover);

    const first = await user.crashes.listCrashes({ pageSize: 1 });
    const second = await user.crashes.listCrashes({ pageSize: 1, pageToken: first.nextPageToken });
    expect(second.nextPageToken).toBe("");
    const always = {
      crashId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      cause: "the engine's process ended by SIGSEGV",
      createTime: expect.anything(),
      updateTime: expect.anything(),
    };
    expect([...second.crashes, ...first.crashes]).toEqual([
      expect.objectContaining({
        ...always,
        subject: CrashSubject.STATEMENT,
        fileName: "n.csv",
        fileSha256: sha256(good),
        sql: sql.slice(0, 1000),
        crashCount: 1,
        quarantined: false,
      }),
      expect.objectContaining({
        ...always,
        subject: CrashSubject.FILE,
        fileName: "odd.json",
        fileSha256: sha256(odd),
        sql: "",
        crashCount: 2,
        quarantined: true,
      }),
    ]);
    expect(await crashesOf(mesh().user())).toEqual([]);
    const viewer = mesh().user({ orgId: user.who.orgId, roles: ["viewer"] });
    expect(await crashesOf(viewer)).toHaveLength(2);
  });
});

test("InvalidArgument: a wrong page", async () => {
  const { crashes } = mesh().user();
  expect(await failureOf(crashes.listCrashes({ pageSize: 1001 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(crashes.listCrashes({ pageToken: "?" }))).toMatchObject({
    code: Code.InvalidArgument,
    reason: "PAGE_TOKEN_INVALID",
  });
});
