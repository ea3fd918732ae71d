import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { crashed, crashesOf, freshJson, onlyCrashOf } from "./crashes.ts";
import { crashNextEngine } from "./engine-processes.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

describe("ListCrashes and ReleaseCrash", () => {
  test("OK: what was released is tried again, and its crashes count from one", async () => {
    const user = mesh().user();
    const sourceId = await createFileSource(mesh(), user, "odd.json", freshJson());
    const discover = () => failureOf(user.catalog.discover({ sourceId }));
    await crashNextEngine(discover);
    await crashNextEngine(discover);
    const { crashId } = await onlyCrashOf(user);
    expect((await discover()).reason).toBe("QUARANTINED");

    const viewer = mesh().user({ orgId: user.who.orgId, roles: ["viewer"] });
    expect(await failureOf(viewer.crashes.releaseCrash({ crashId }))).toMatchObject({
      code: Code.PermissionDenied,
      reason: "PERMISSION_MISSING",
    });
    for (const [who, id] of [
      [mesh().user(), crashId],
      [user, randomUUID()],
    ] as const) {
      expect(await failureOf(who.crashes.releaseCrash({ crashId: id }))).toMatchObject({
        code: Code.NotFound,
        message: `crash ${id} not found`,
      });
    }
    expect((await discover()).reason).toBe("QUARANTINED");

    await user.crashes.releaseCrash({ crashId });
    expect(await crashesOf(user)).toEqual([]);
    expect(await crashNextEngine(discover)).toEqual(crashed("odd.json"));
    expect(await onlyCrashOf(user)).toMatchObject({ crashCount: 1, quarantined: false });
  });
});
