import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { rowsOf, workbookOf } from "./engine-files/workbooks.ts";
import { extractChunk, plan, readParquet, tablesOf } from "./extracts.ts";
import { createFileSource, failureOf, query, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const date = (serial: number) => `<c s="1"><v>${serial}</v></c>`;
const orders = workbookOf({
  formats: ["yyyy-mm-dd"],
  sheet: rowsOf(["id", "placed", "amount"], [1, date(45351), 0.1], [2, date(45352), 20]),
  others: { Notes: rowsOf(["note"], ["late"]) },
});

test("OK: a workbook is previewed, discovered, queried and staged like any file", async () => {
  const user = mesh().user();
  const fileId = mesh().peers.addFile(user.who, "orders.xlsx", orders);
  const { preview } = await user.sources.previewSource({
    connector: "file",
    settings: { fileId },
    maxRows: 1,
  });
  expect(preview).toMatchObject({
    readable: true,
    tableName: "orders",
    settings: { format: "xlsx", sheet: "Table", header: 1, errorCells: "refuse" },
    rowCount: 2n,
    truncated: true,
  });
  const sourceId = await createFileSource(mesh(), user, "orders.xlsx", orders);
  const tables = await tablesOf(user, sourceId);
  expect(
    (await query(user, sourceId, "SELECT placed, sum(amount) FROM orders GROUP BY ALL ORDER BY ALL")).rows,
  ).toEqual([
    ["2024-02-29", 0.1],
    ["2024-03-01", 20],
  ]);
  const planned = await plan(user, sourceId, [tables.orders ?? ""]);
  const { bytes } = await extractChunk(user, planned, planned.chunks[0] ?? { tableIndex: 0, range: "" });
  expect(await readParquet(bytes)).toEqual([
    { id: 1n, placed: new Date("2024-02-29"), amount: 0.1 },
    { id: 2n, placed: new Date("2024-03-01"), amount: 20 },
  ]);
  await user.extracts.closeSnapshot({ snapshotId: planned.snapshotId });
});

test("OK: another sheet, and a workbook without its extension", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "orders", orders, {
    sheet: "Notes",
    tableName: "notes",
  });
  expect((await query(user, sourceId, "FROM notes")).rows).toEqual([["late"]]);
});

test("FailedPrecondition SOURCE_DATA_INVALID: workbooks with macros, and old and encrypted ones", async () => {
  const user = mesh().user();
  const old = Buffer.concat([Buffer.from("d0cf11e0a1b11ae1", "hex"), Buffer.alloc(5000)]);
  const cases: [string, Buffer, string][] = [
    ["a.xlsm", workbookOf({ parts: { "xl/vbaProject.bin": "x" } }), "it has macros: save it as .xlsx"],
    ["a.xls", old, "it is an old or encrypted Excel workbook"],
    ["a.xlsx", old, "it is an old or encrypted Excel workbook"],
  ];
  for (const [name, content, message] of cases) {
    const sourceId = await createFileSource(mesh(), user, name, content);
    const failure = await failureOf(query(user, sourceId, "SELECT 1"));
    expect(failure).toMatchObject({
      reason: "SOURCE_DATA_INVALID",
      message: expect.stringContaining(message),
    });
  }
});
