import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { extractChunk, planFile, snapshotGone } from "./extracts.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());

test("OK: a snapshot that is open stays open", async () => {
  const { planned } = await planFile(mesh(), user());
  const { snapshotId } = planned;
  for (const _ of [1, 2]) await user().extracts.renewSnapshot({ snapshotId });
  const [chunk] = planned.chunks;
  if (!chunk) throw new Error("no chunk");
  expect((await extractChunk(user(), planned, chunk)).summary.rowCount).toBe(2n);
});

test("FailedPrecondition: a snapshot that was closed, another organisation's, and one that never was", async () => {
  const { snapshotId } = (await planFile(mesh(), user())).planned;
  expect(await failureOf(mesh().user().extracts.renewSnapshot({ snapshotId }))).toEqual(snapshotGone);
  await user().extracts.closeSnapshot({ snapshotId });
  for (const id of [snapshotId, randomUUID()]) {
    expect(await failureOf(user().extracts.renewSnapshot({ snapshotId: id }))).toEqual(snapshotGone);
  }
});

test.each(["edge", "approval", "storage"])("PermissionDenied: %s", async (process) => {
  const call = mesh().as(process, ExtractService, user().who).renewSnapshot({ snapshotId: randomUUID() });
  expect(await failureOf(call)).toMatchObject({ code: Code.PermissionDenied });
});
