import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { extractChunk, planFile, readParquet, snapshotGone } from "./extracts.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());

const all = { tableIndex: 0, range: "" };

test("OK: the rows of one chunk, and what is known of them", async () => {
  const { planned } = await planFile(mesh(), user());
  const { bytes, summary } = await extractChunk(user(), planned, planned.chunks[0] ?? all);
  expect(await readParquet(bytes)).toEqual([{ n: 1n }, { n: 2n }]);
  expect(summary).toMatchObject({
    rowCount: 2n,
    columns: [{ name: "n", nullCount: 0n, min: "1", max: "2" }],
  });
});

test("InvalidArgument: a chunk that the plan does not have", async () => {
  const { planned } = await planFile(mesh(), user());
  for (const chunk of [all, { ...planned.chunks[0], tableIndex: 1, range: planned.chunks[0]?.range ?? "" }]) {
    expect(await failureOf(extractChunk(user(), planned, chunk))).toMatchObject({
      code: Code.InvalidArgument,
      fields: ["range"],
    });
  }
});

test("FailedPrecondition: a snapshot that was closed, and another organisation's", async () => {
  const { planned } = await planFile(mesh(), user());
  const chunk = planned.chunks[0] ?? all;
  expect(await failureOf(extractChunk(mesh().user(), planned, chunk))).toEqual(snapshotGone);
  await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
  expect(await failureOf(extractChunk(user(), planned, chunk))).toEqual(snapshotGone);
});

test.each(["edge", "approval", "storage"])("PermissionDenied: %s", async (process) => {
  const stranger = { ...user(), extracts: mesh().as(process, ExtractService, user().who) };
  const { planned } = await planFile(mesh(), user());
  expect(await failureOf(extractChunk(stranger, planned, all))).toMatchObject({
    code: Code.PermissionDenied,
  });
});
