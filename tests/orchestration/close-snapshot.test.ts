import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { planFile, snapshotGone } from "./extracts.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());

test("OK: a snapshot is gone after it, and once more it is fine", async () => {
  const { snapshotId } = (await planFile(mesh(), user())).planned;
  for (const id of [snapshotId, snapshotId, randomUUID()])
    await user().extracts.closeSnapshot({ snapshotId: id });
  expect(await failureOf(user().extracts.renewSnapshot({ snapshotId }))).toEqual(snapshotGone);
});

test("OK: another organisation's snapshot stays", async () => {
  const { snapshotId } = (await planFile(mesh(), user())).planned;
  await mesh().user().extracts.closeSnapshot({ snapshotId });
  await user().extracts.renewSnapshot({ snapshotId });
});

test.each(["edge", "approval", "storage"])("PermissionDenied: %s", async (process) => {
  const call = mesh().as(process, ExtractService, user().who).closeSnapshot({ snapshotId: randomUUID() });
  expect(await failureOf(call)).toMatchObject({ code: Code.PermissionDenied });
});
