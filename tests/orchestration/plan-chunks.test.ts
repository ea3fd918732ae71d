import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ExtractFormat, ExtractService } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { plan, planFile } from "./extracts.ts";
import { failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());

test("OK: the snapshot, its table and its chunks", async () => {
  const { tableId, planned } = await planFile(mesh(), user());
  expect(planned).toMatchObject({
    snapshotId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    snapshot: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    repeatable: true,
    tables: [{ tableId, name: "numbers", columns: [{ name: "n" }] }],
    chunks: [{ tableIndex: 0, rowCountExpected: 2n }],
  });
});

test("NotFound: an unknown source, and another organisation's", async () => {
  const { sourceId, tableId } = await planFile(mesh(), user());
  for (const [asker, id] of [
    [user(), randomUUID()],
    [mesh().user(), sourceId],
  ] as const) {
    expect(await failureOf(plan(asker, id, [tableId]))).toMatchObject({ code: Code.NotFound });
  }
});

test("InvalidArgument: a table and a column that the catalog does not have, and bounds", async () => {
  const { sourceId, tableId } = await planFile(mesh(), user());
  for (const [overrides, field] of [
    [{ tables: [{ tableId: randomUUID() }] }, "tables[0].table_id"],
    [{ tables: [{ tableId }, { tableId }] }, "tables[1].table_id"],
    [{ tables: [{ tableId, columns: ["m"] }] }, "tables[0].columns[0]"],
    [{ tables: [] }, "tables"],
    [{ chunkRows: 0n }, "chunk_rows"],
    [{ format: ExtractFormat.UNSPECIFIED }, "format"],
  ] as const) {
    const tables = "tables" in overrides ? { tables: structuredClone(overrides.tables) } : {};
    const request = { ...overrides, ...tables } as Parameters<typeof plan>[3];
    expect(await failureOf(plan(user(), sourceId, [tableId], request))).toMatchObject({
      code: Code.InvalidArgument,
      fields: [field],
    });
  }
});

test("FailedPrecondition: a file that is gone", async () => {
  const { sourceId, tableId } = await planFile(mesh(), user(), "n\n3\n");
  const settings = { fileId: randomUUID() };
  await user().sources.updateSource({ source: { sourceId, settings } });
  expect(await failureOf(plan(user(), sourceId, [tableId]))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
  });
});

test.each(["edge", "approval", "storage"])("PermissionDenied: %s", async (process) => {
  const call = mesh().as(process, ExtractService, user().who).planChunks({ sourceId: randomUUID() });
  expect(await failureOf(call)).toMatchObject({ code: Code.PermissionDenied });
});
