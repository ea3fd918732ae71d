import { randomUUID } from "node:crypto";
import { toJson } from "@bufbuild/protobuf";
import { ListValueSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { FilePreviewService } from "../../gen/sluice/orchestration/v1/file_previews_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf, lacking, missing } from "../lib/failure-of.ts";
import { forFile } from "../lib/for-file.ts";
import { startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const viewer = forFile(() => mesh().user({ roles: ["viewer"] }).who);

const preview = (who: Principal, fileId: string, maxRows = 0) =>
  mesh().as("edge", FilePreviewService, who).previewTable({ fileId, maxRows });

test("OK: columns and first rows of a stored file, for a viewer and without a source", async () => {
  const fileId = mesh().peers.addFile(viewer(), "parts.csv", "id;name\n1;bolt\n2;nut\n3;\n");
  const { preview: found } = await preview(viewer(), fileId, 2);
  expect(found).toMatchObject({ readable: true, truncated: true, rowCount: 3n, tableName: "parts" });
  expect(found?.columns.map(({ name, dataType }) => [name, dataType])).toEqual([
    ["id", "BIGINT"],
    ["name", "VARCHAR"],
  ]);
  expect(found?.rows.map((row) => toJson(ListValueSchema, row))).toEqual([
    ["1", "bolt"],
    ["2", "nut"],
  ]);
});

test("OK: a file that can't be read as a table, with its problem", async () => {
  const fileId = mesh().peers.addFile(viewer(), "ragged.csv", "a,b\n1,2\n3\n");
  const { preview: found } = await preview(viewer(), fileId);
  expect(found).toMatchObject({ readable: false, rows: [], problems: [{ line: 3n }] });
});

test("NotFound: an unknown file, and another organisation's", async () => {
  const foreign = mesh().peers.addFile(mesh().user().who, "a.csv", "a\n1\n");
  for (const id of [foreign, randomUUID()]) {
    expect(await failureOf(preview(viewer(), id))).toMatchObject(missing("file", id));
  }
});

test("InvalidArgument: an id and a number of rows that can't be", async () => {
  expect(await failureOf(preview(viewer(), "me"))).toMatchObject({ code: "InvalidArgument" });
  expect(await failureOf(preview(viewer(), randomUUID(), 1001))).toMatchObject({ code: "InvalidArgument" });
});

test("PermissionDenied: somebody without a role", async () => {
  const nobody = mesh().user({ roles: [] }).who;
  expect(await failureOf(preview(nobody, randomUUID()))).toMatchObject(lacking("storage.files.read"));
});
